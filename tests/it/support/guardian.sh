# Waits until the tests end, then ends what they left running and removes their folder, which is the first argument.
# watched/<process id> holds the signal and the program; the program is compared, as a process id may be another's by now.
trap '' HUP INT TERM
cat >/dev/null

running() {
  case $(readlink "/proc/$1/exe") in "$2" | "$2 (deleted)") return 0 ;; esac
  return 1
}

end_all() {
  left=0
  for entry in "$1"/watched/*; do
    read -r signal program <"$entry" || continue
    id=${entry##*/}
    if running "$id" "$program"; then
      left=$((left + 1))
      if [ "$2" = ask ]; then kill -s "$signal" "$id"; fi
      if [ "$2" = force ]; then kill -s KILL "$id"; fi
    fi
  done
  return "$left"
}

end_all "$1" ask
tries=0
until end_all "$1" look || [ "$tries" -ge 100 ]; do
  tries=$((tries + 1))
  sleep 0.1
done
end_all "$1" force
until rm -rf "$1" || [ "$tries" -ge 150 ]; do
  tries=$((tries + 1))
  sleep 0.1
done
