# All probes of a target in one container; see src/probe/script/mod.rs for the answer's form.
# The whole is one function, so that the shell has read it to its end before a command runs.
isoproof_batch() {
    # English messages, bytes for characters: their wording tells absent from denied.
    LC_ALL=C
    export LC_ALL
    if { true </dev/null; } 2>&-; then exec </dev/null; fi
    left={{left}} i=0 ticker= ticks=0 held=
    trap 'ticks=$((ticks + 1))' USR1
    choose_clock
    choose_place
    choose_coding
    # Where this shell is not the first process of the container, `kill 0` would reach it.
    group=
    if [ $$ -ne 1 ] && (exec 2>&-; setsid true); then group=setsid; fi
    printf '\n@{{nonce}} start %s %s %s .\n' "$(id -u 2>&-)" "$coding" "$clock"
    now
{{questions}}
    hand_over
    if [ -n "$place" ]; then rm -rf "$place" 2>&-; fi
    if [ -n "$ticker" ]; then kill "$ticker" 2>&-; fi
    printf '\n@{{nonce}} end %s .\n' "$i"
    exit 0
}

choose_clock() {
    if [ -n "${EPOCHREALTIME-}" ]; then clock=epoch
    elif { read -r now _ </proc/uptime; } 2>&-; then clock=uptime
    else clock=none; fi
}

now() {
    case $clock in
        epoch) now=$EPOCHREALTIME ;;
        uptime) read -r now _ </proc/uptime ;;
        *) now= ;;
    esac
}

# A new folder that files can be written to. Files cost far fewer processes than pipes do, and
# starting a process takes ten milliseconds in gVisor. Without such a place: pipes.
choose_place() {
    for place in {{places}}; do
        place=$place/isoproof.{{nonce}}
        if { mkdir -m 700 "$place" && printf 'a\nb\nc' >"$place/x" &&
            command -v head >"$place/y" && [ "$(wc -c <"$place/x")" -eq 5 ]; } 2>&-; then return; fi
    done
    place=
}

# The first tool that works; files are of no use to what the shell does itself.
choose_coding() {
    for coding in od xxd hexdump base64 shell; do
        case $(try_coding 2>&-) in
            *'61 0a 62'* | *610a62* | *YQpi*) return ;;
        esac
    done
    if [ -n "$place" ]; then rm -rf "$place" 2>&-; fi
    place=
}

try_coding() {
    if [ -n "$place" ]; then encode 3 <"$place/x"; else printf 'a\nb\nc' | (encode 3); fi
}

# At most $1 bytes from standard input, as text; ends the shell that it is called in.
encode() {
    case $coding in
        od) exec od -An -v -tx1 -N "$1" ;;
        xxd) exec xxd -p -l "$1" ;;
        hexdump) exec hexdump -v -n "$1" -e '/1 "%02x "' ;;
        base64) head -c "$1" | base64 ;;
        *) encode_in_shell "$1" ;;
    esac
}

# The last resort, with what the shell has built in; NUL bytes are lost.
encode_in_shell() {
    room=$1
    while IFS= read -r line; do
        escape "$line"
        printf '%%0a'
        room=$((room - ${#line} - 1))
        if [ "$room" -le 0 ]; then return; fi
    done
    escape "$line"
}

# Replaces what the frame needs for itself.
escape() {
    rest=$1
    while :; do
        case $rest in
            *[%\<\>\|{{cr}}]*) ;;
            *) break ;;
        esac
        head=${rest%%[%<>|{{cr}}]*}
        rest=${rest#"$head"}
        case $rest in
            %*) code=25 ;;
            \<*) code=3c ;;
            \>*) code=3e ;;
            \|*) code=7c ;;
            *) code=0d ;;
        esac
        printf '%s%%%s' "$head" "$code"
        rest=${rest#?}
    done
    printf '%s' "$rest"
}

# One signal a second to this shell interrupts its `wait`.
start_ticker() {
    (
        exec >&- 2>&-
        while sleep 1; do kill -USR1 $$ || exit; done
    ) &
    ticker=$!
}

# Asks one question: answered by a frame, and followed by a mark if it did not end by itself. The
# second argument is `exec` for a command that can take the place of its shell.
ask() {
    i=$((i + 1)) ticks=0
    if [ -z "$ticker" ] || ! kill -0 "$ticker" 2>&-; then start_ticker; fi
    if [ -n "$place" ]; then ask_into_files "$@"; else ask_through_pipes "$1"; fi
    if [ "$late" -eq 1 ]; then printf '\n@{{nonce}} %s timeout .\n' "$i"; fi
}

# The answer lies in two files until some are handed over together.
ask_into_files() {
    begun=$now
    into_files "$@" >"$place/$i.o" 2>"$place/$i.e" &
    job=$!
    attend
    if [ -n "$group" ]; then kill -9 "-$job" 2>&-; fi
    now
    held="$held $i/$status/$begun/$now"
    if [ "$late" -eq 1 ] || [ $((i % 26)) -eq 0 ]; then hand_over; fi
}

# Runs the command in place of this subshell; files are no longer than is kept of them.
into_files() {
    trap - USR1
    ulimit -f {{blocks}} 2>&-
    command=$1
    if [ -n "${2-}" ]; then command="exec $group $1"
    elif [ -n "$group" ]; then exec setsid sh -c "$1"; fi
    set --
    eval "$command"
}

# Prints the held answers in one frame: what each has of the bytes that follow.
hand_over() {
    if [ -z "$held" ]; then return; fi
    files= parts= about= cut=
    for entry in $held; do files="$files $place/${entry%%/*}.o $place/${entry%%/*}.e"; done
    # `wc` names the files in this order, each after its size.
    set -- $(wc -c $files 2>&-)
    for entry in $held; do
        n=${entry%%/*} out=0 err=0
        choose_room
        if [ "${2-}" = "$place/$n.o" ]; then out=$1; shift 2; fi
        if [ "${2-}" = "$place/$n.e" ]; then err=$1; shift 2; fi
        if [ "$room" -eq 0 ]; then cut="$cut $n"; continue; fi
        take "$place/$n.o" "$out"
        about="$about $n/$room/$taken"
        left=$((left - taken * 2))
        take "$place/$n.e" "$err"
        about="$about/$taken/${entry#*/}"
        left=$((left - taken * 2))
    done
    text=
    if [ -n "$parts" ]; then text=$(encode_files); fi
    set -f
    printf '\n@{{nonce}} answers %s%s |' "$coding" "$about"
    printf '%s' $text
    printf ' .\n'
    set +f
    for n in $cut; do printf '\n@{{nonce}} %s cut .\n' "$n"; done
    held=
    now
}

# Adds what is kept of a file of this size to `parts`: one byte more than may be of a longer one.
take() {
    taken=$2
    if [ "$taken" -gt $((room + 1)) ]; then
        taken=$((room + 1))
        head -c "$taken" "$1" >"$1.cut"
        parts="$parts $1.cut"
    elif [ "$taken" -gt 0 ]; then
        parts="$parts $1"
    fi
}

encode_files() {
    case $coding in
        od) exec od -An -v -tx1 $parts ;;
        *) cat $parts | encode 1000000 ;;
    esac
}

# How much is kept of each stream of the next answer: no more than a quarter of what is left.
choose_room() {
    room=$((left / 4))
    if [ "$room" -lt 16 ]; then room=0; fi
    if [ "$room" -gt {{bytes}} ]; then room={{bytes}}; fi
}

# Without a place for files: the command's output goes through encoders to standard output.
ask_through_pipes() {
    late=0
    choose_room
    if [ "$room" -eq 0 ]; then
        printf '\n@{{nonce}} %s cut .\n' "$i"
        return
    fi
    answer "$1" &
    job=$!
    attend
    if [ "$late" -eq 0 ] && [ "$status" -gt 120 ]; then printf '\n@{{nonce}} %s lost .\n' "$i"; fi
    if [ "$status" -le 60 ]; then left=$((left - status * 32))
    elif [ "$status" -le 120 ]; then left=$((left - 1920 - (status - 60) * {{step}}))
    else left=$((left - 512)); fi
}

# Waits for the job; past the time limit ends its command, and one tick later all of it.
attend() {
    late=0
    while :; do
        wait "$job" 2>&-
        status=$?
        if [ "$status" -le 128 ]; then break; fi
        if ! kill -0 "$job" 2>&-; then
            settle
            break
        fi
        if [ "$late" -eq 0 ] && [ "$ticks" -gt {{seconds}} ]; then
            late=1
            family "$job"
            if [ -n "$place" ]; then end "$near$far"; else holders; end "$far"; fi
        elif [ "$late" -eq 1 ] && [ "$ticks" -gt $(({{seconds}} + 1)) ]; then
            family "$job"
            end "$near$far"
            wait "$job" 2>&-
            break
        fi
    done
}

# `wait` was interrupted by a tick, or the job was ended by a signal: some shells forget a job that
# was waited for and then say 127.
settle() {
    first=$status
    wait "$job" 2>&-
    status=$?
    if [ "$status" -eq 127 ] && [ "$first" -ne 138 ]; then status=$first; fi
}

# Sorts the descendants of process $1, by generation, into `near` and, from the fourth on, `far`.
# The first three are the shells and encoders of `answer`; what is below them is the command.
family() {
    all= near=' ' far=' ' depth=0 level=" $1 "
    for stat in /proc/[0-9]*/stat; do
        read -r line <"$stat" || continue
        rest=${line##*) }
        rest=${rest#* }
        all="$all ${rest%% *}:${line%% *}"
    done 2>&-
    while [ "$level" != ' ' ]; do
        if [ "$depth" -lt 4 ]; then near="$near$level"; else far="$far$level"; fi
        depth=$((depth + 1)) next=' '
        for pair in $all; do
            case $level in *" ${pair%:*} "*) next="$next${pair#*:} " ;; esac
        done
        level=$next
    done
}

# Adds to `far` what holds a pipe that one of `near` reads: children that outlived the command.
holders() {
    entries=$(ls -l /proc/[0-9]*/fd/[012] 2>&-) pipes=' '
    set -f
    IFS='
'
    for entry in $entries; do
        pid=${entry##* /proc/}
        case $entry:$near in
            *"/fd/0 -> pipe:"*:*" ${pid%%/*} "*) pipes="$pipes${entry##* } " ;;
        esac
    done
    for entry in $entries; do
        pid=${entry##* /proc/}
        case $entry:$pipes in *"/fd/"[12]" -> pipe:"*:*" ${entry##* } "*) ;; *) continue ;; esac
        case $near in *" ${pid%%/*} "*) ;; *) far="$far${pid%%/*} " ;; esac
    done
    unset IFS
    set +f
}

# Kills these processes, and the groups that they lead.
end() {
    for victim in $1; do
        if [ -n "$group" ]; then kill -9 "-$victim" 2>&-; fi
        kill -9 "$victim" 2>&-
    done
}

# Runs the command and prints its frame; exits with the frame's size in coarse steps.
# The first `encode` keeps the error pipe open, so that the second one ends after it.
answer() {
    trap - USR1
    text=$(
        {
            { run "$1" | encode $((room + 1)); } 2>&1 >&9 | {
                errors=$(encode $((room + 1)))
                printf '|%s' "$errors"
            }
        } 9>&1
    )
    size=${#text}
    set -f
    printf '\n@{{nonce}} %s %s %s ' "$i" "$room" "$coding"
    case $coding in
        shell) printf '%s' "$text" ;;
        od | hexdump) printf '%s' $text; size=$((size * 2 / 3)) ;;
        *) printf '%s' $text ;;
    esac
    printf ' .\n'
    if [ "$size" -le 1920 ]; then exit $(((size + 31) / 32)); fi
    size=$((60 + (size - 1920 + {{step}} - 1) / {{step}}))
    if [ "$size" -gt 120 ]; then size=120; fi
    exit "$size"
}

# Runs the command in a shell of its own, so that nothing it does ends this one. What this shell
# has to say about it ("Killed") is not its output.
run() {
    exec 8>&2 2>&-
    now
    begun=$now
    if [ -n "$group" ]; then
        (exec setsid sh -c "$1") 2>&8 8>&- 9>&-
    else
        (
            command=$1
            set --
            eval "$command"
        ) 2>&8 8>&- 9>&-
    fi
    code=$?
    now
    printf '<%s,%s,%s>' "$code" "$begun" "$now" >&9
}

isoproof_batch
