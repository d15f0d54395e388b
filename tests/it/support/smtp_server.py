"""An SMTP server for the tests. Prints its port as one line, then serves until it is ended.

Each message is written to the folder as <number>.eml, with its envelope in X-Envelope headers in front.
What it does with a recipient is told by the local part (before any `+`):
  refuse-forever      550 at RCPT, always
  refuse-temporarily  451 at RCPT, always
  refuse-once         451 at RCPT the first time, then accepted
  refuse-data         554 after DATA
  slow                answers RCPT after two seconds
  hang                never answers RCPT
  lost-answer         the first time: keeps the message, then drops the connection before the answer
  halt-rcpt           the first time: writes a file <recipient>.halted, and never answers RCPT
  halt-data           the first time: the same once the content is there, which is thrown away
  halt-kept           the first time: the same once the message is kept
  halt-answered       the first time: the same once the message is kept and answered
"""

import argparse
import asyncio
import itertools
import os
import pathlib
import ssl

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    def __init__(self, folder, offers):
        self.folder = folder
        self.offers = offers
        self.numbers = itertools.count(1)
        self.seen = set()

    def first_time(self, address):
        new = address not in self.seen
        self.seen.add(address)
        return new

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        return responses[:-1] + self.offers + responses[-1:]

    async def handle_RCPT(self, server, session, envelope, address, options):
        local = address.split("@")[0].split("+")[0]
        if local == "refuse-forever":
            return "550 5.1.1 no such mailbox"
        if local == "refuse-temporarily" or (local == "refuse-once" and self.first_time(address)):
            return "451 4.3.0 try again later"
        if local == "slow":
            await asyncio.sleep(2)
        if local == "halt-rcpt" and self.first_time(address):
            await self.halt(address)
        if local == "hang":
            await asyncio.sleep(3600)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        locals_ = {address.split("@")[0].split("+")[0] for address in envelope.rcpt_tos}
        if "refuse-data" in locals_:
            return "554 5.7.1 refused"
        recipient = envelope.rcpt_tos[0]
        halts = recipient.startswith("halt-") and self.first_time(recipient)
        if halts and "halt-data" in locals_:
            await self.halt(recipient)
        self.keep(server, session, envelope)
        if halts and "halt-kept" in locals_:
            await self.halt(recipient)
        if halts and "halt-answered" in locals_:
            asyncio.get_running_loop().call_later(0, self.tell, recipient)
        if "lost-answer" in locals_ and self.first_time("lost-answer"):
            server.transport.abort()
        return "250 2.0.0 OK"

    def tell(self, recipient):
        (self.folder / f"{recipient}.halted").touch()

    async def halt(self, recipient):
        self.tell(recipient)
        await asyncio.sleep(3600)

    def keep(self, server, session, envelope):
        head = [f"X-Envelope-From: {envelope.mail_from}"]
        head += [f"X-Envelope-To: {address}" for address in envelope.rcpt_tos]
        tls = server.transport.get_extra_info("sslcontext") is not None
        head += [f"X-Envelope-Tls: {'yes' if tls else 'no'}"]
        head += [f"X-Envelope-Authenticated: {'yes' if session.authenticated else 'no'}"]
        target = self.folder / f"{next(self.numbers):04}.eml"
        partial = target.with_suffix(".partial")
        partial.write_bytes("\r\n".join(head).encode() + b"\r\n" + envelope.original_content)
        os.replace(partial, target)


def authenticator(user, password):
    expected = (user.encode(), password.encode())

    def check(server, session, envelope, mechanism, data):
        # Not handled: the server itself answers a wrong login with 535.
        return AuthResult(success=(data.login, data.password) == expected, handled=False)

    return check


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    parser.add_argument("--mode", choices=["plain", "starttls", "tls"], required=True)
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--user")
    parser.add_argument("--password", default="")
    options = parser.parse_args()

    # Both ways are met: commands in groups (RFC 2920) where there is TLS, one by one where there is none.
    handler = Handler(options.folder, [] if options.mode == "plain" else ["250-PIPELINING"])
    settings = {"hostname": "localhost", "enable_SMTPUTF8": True, "auth_require_tls": False}
    if options.user:
        settings |= {"authenticator": authenticator(options.user, options.password), "auth_required": True}
    context = None
    if options.mode != "plain":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.certificate, options.key)
    if options.mode == "starttls":
        settings |= {"tls_context": context, "require_starttls": True}
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(handler, **settings),
        "127.0.0.1",
        options.port,
        ssl=context if options.mode == "tls" else None,
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
