//! Japanese.

use super::Catalogue;

// One sentence a line, to be read side by side with the other languages.
#[rustfmt::skip]
pub(super) const JAPANESE: Catalogue = Catalogue {
    tag: "ja",
    minute: "%Y-%m-%d %H:%M UTC",
    sentences: &[
        ("noticed", "検知日時：{time}。"),
        ("noticed.from", "検知日時：{time}、ネットワークアドレス：{address}。"),
        ("identifier_locked.subject", "セキュリティ通知：誤ったサインインコードが多すぎます"),
        ("identifier_locked.title", "誤ったサインインコードが多すぎます"),
        ("identifier_locked.preview", "アカウントを保護するため、不明な端末からのサインインを停止しています。"),
        ("identifier_locked.what", "このアドレスに対して誤ったコードが何度も入力されたため、不明な端末からのサインインを停止しています。"),
        ("identifier_locked.what.until", "このアドレスに対して誤ったコードが何度も入力されたため、不明な端末からのサインインを {until} まで停止しています。"),
        ("identifier_locked.do", "以前に使用した端末からは引き続きサインインできます。サインインすると停止も解除されます。できない場合はサポートにお問い合わせください。お心当たりがなくても、対応は不要です。誤ったコードでは誰もサインインできません。"),
        ("identifier_locked.do.until", "以前に使用した端末からは引き続きサインインできます。お心当たりがなくても、対応は不要です。誤ったコードでは誰もサインインできません。"),
        ("refresh_token_reused.subject", "セキュリティ通知：端末からサインアウトされました"),
        ("refresh_token_reused.subject.everywhere", "セキュリティ通知：すべての端末からサインアウトされました"),
        ("refresh_token_reused.title", "端末からサインアウトされました"),
        ("refresh_token_reused.title.everywhere", "すべての端末からサインアウトされました"),
        ("refresh_token_reused.preview", "アカウントを保護するため、端末の一つからサインアウトしました。"),
        ("refresh_token_reused.preview.everywhere", "アカウントを保護するため、すべての端末からサインアウトしました。"),
        ("refresh_token_reused.what", "これはアカウントを保護するためです。サインインの古い証明が再び使用されました。誰かが端末からそれをコピーした場合や、アプリの不具合で起こることがあります。該当するサインインを終了しました。"),
        ("refresh_token_reused.what.everywhere", "これはアカウントを保護するためです。サインインの古い証明が再び使用されました。誰かが端末からそれをコピーした場合や、アプリの不具合で起こることがあります。"),
        ("refresh_token_reused.do", "続けるには、もう一度サインインしてください。お心当たりがない場合は、インストールした覚えのないプログラムが端末にないか確認してください。"),
        ("device_mismatch.subject", "セキュリティ通知：端末からサインアウトされました"),
        ("device_mismatch.subject.everywhere", "セキュリティ通知：すべての端末からサインアウトされました"),
        ("device_mismatch.title", "端末からサインアウトされました"),
        ("device_mismatch.title.everywhere", "すべての端末からサインアウトされました"),
        ("device_mismatch.preview", "アカウントを保護するため、端末の一つからサインアウトしました。"),
        ("device_mismatch.preview.everywhere", "アカウントを保護するため、すべての端末からサインアウトしました。"),
        ("device_mismatch.what", "これはアカウントを保護するためです。ある端末でのサインインの証明が、別の端末で使用されました。誰かがそれをコピーした場合や、アプリを新しい端末に移した場合に起こることがあります。該当するサインインを終了しました。"),
        ("device_mismatch.what.everywhere", "これはアカウントを保護するためです。ある端末でのサインインの証明が、別の端末で使用されました。誰かがそれをコピーした場合や、アプリを新しい端末に移した場合に起こることがあります。"),
        ("device_mismatch.do", "続けるには、もう一度サインインしてください。お心当たりがない場合は、インストールした覚えのないプログラムが端末にないか確認してください。"),
        ("new_device.subject", "セキュリティ通知：アカウントへの新しいサインイン"),
        ("new_device.title", "アカウントへの新しいサインイン"),
        ("new_device.preview", "このメールボックスのコードを使って、不明な端末からサインインがありました。"),
        ("new_device.short", "この電話番号に送られたコードを使って、不明な端末からサインインがありました。"),
        ("new_device.what", "このメールボックスのコードを使って、不明な端末からあなたのアカウントにサインインがありました。"),
        ("new_device.what.everywhere", "このメールボックスのコードを使って、不明な端末からあなたのアカウントにサインインがありました。ほかのすべての端末からはサインアウトしました。"),
        ("new_device.do", "ご本人であれば、対応は不要です。そうでない場合は、ほかの誰かがあなたのメールを読める状態です。まずメールボックスを保護し、それからサインインして、すべての端末からサインアウトしてください。"),
    ],
};
