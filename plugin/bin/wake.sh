#!/bin/sh
# Hands the waiting text to the session: exit status 2 gives what stands on standard error to the model. The watched
# file is put back for the next wake; the event of its return finds no text and ends with 0.
IFS= read -r event
trigger=${event#*\"file_path\"}
trigger=${trigger#*\"}
trigger=${trigger%%\"*}
case $trigger in
*/wake/*/cahoots-wake) ;;
*) exit 0 ;;
esac
folder=${trigger%/*}
taken="$folder/taken.$$"
mv "$folder/payload" "$taken" 2>/dev/null || exit 0
[ -e "$trigger" ] || : >"$trigger"
cat "$taken" >&2
rm -f "$taken"
exit 2
