# What is done where the SDK lives, behind a launcher (docker, ssh, ...): `bash -c FILE sgs-tui WORD TASK ARGUMENTS...`
#
# What this says itself goes to stderr behind WORD, which nobody else can know; everything else there comes from the
# launcher or from the SDK's tools. A command is found again, and all of it ended, by SGS_TUI_RUN in its environment.
word=$1 task=$2
shift 2
say() { printf '%s %s\n' "$word" "$*" >&2; }
fail() { say fail "$*"; exit 1; }

root() {  # ROOT, empty: the one of the environment
    local folder=${1:-$SGS_IPU_DIR}
    [ -n "$folder" ] || fail no-root
    cd -- "$folder" 2>/dev/null || fail "no-folder $folder"
    [ -f Scripts/calibrator/simulator.py ] || fail "no-simulator $folder"
    for script in cfg_env.sh envsetup.sh; do
        [ -f "$script" ] && return
    done
    fail "no-script $folder"
}

environment() {  # ROOT; empty entries of search paths mean the current folder and are dropped
    root "$1"
    set --
    . "./$script" >/dev/null 2>&1 </dev/null
    [ -n "$SGS_IPU_DIR" ] || fail "no-environment $script"
    for name in PATH PYTHONPATH LD_LIBRARY_PATH; do
        [ -z "${!name}" ] || export "$name=$(printf %s "${!name}" | sed 's/::*/:/g; s/^://; s/:$//')"
    done
    export PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
}

look() {  # ROOT: what open_sdk reads of one that is here
    root "$1"
    printf 'root %s\nscript %s\n' "$PWD" "$script"
    grep -q -e --input_config Scripts/calibrator/simulator.py && echo newer yes
    for file in Scripts/calibrator/preprocess_method/*.py Scripts/calibrator_custom/*.so; do
        [ -f "$file" ] && printf 'file %s\n' "${file##*/}"
    done
    find Scripts -name '*.py' -printf 'stamp %p %s %T@\n' | sort
    printf 'system %s\n' "$(. /etc/os-release 2>/dev/null; printf %s "${PRETTY_NAME:-$(uname -sr)}")"
    printf 'versions\n'
    cat Scripts/calibrator_custom/versions.py 2>/dev/null
    exit 0
}

ask() {  # ROOT COMMAND...: its output, in the SDK's environment
    local where=$1
    shift
    environment "$where"
    command -v -- "$1" >/dev/null || fail "no-program $1"
    cd / && exec "$@" </dev/null
}

prepare() {  # NAME WORK TOKEN PATH...: is the run's folder the same one here, and which of the files?
    local name=$1 work=$2 token=$3
    shift 3
    if [ "$(cat -- "$work/.elsewhere/token" 2>/dev/null)" = "$token" ]; then
        printf 'shared %s\n' "$work/.elsewhere"
    else
        local state
        state=$(mktemp -d "${TMPDIR:-/tmp}/$name.XXXXXX") || fail "no-room ${TMPDIR:-/tmp}"
        printf 'apart %s\n' "$state"
    fi
    for path in "$@"; do
        stat -Lc 'file %s %Y' -- "$path" 2>/dev/null || echo 'file - -'
    done
    exit 0
}

put() {  # FOLDER: what comes on stdin. Its times are those of here, so that `get` finds what is new
    mkdir -p -- "$1" && tar -xmf - -C "$1" || fail "no-room $1"
    exit 0
}

get() {  # FOLDER STAMP: the files that are newer than STAMP
    cd -- "$1" || fail "no-folder $1"
    find . -type f -newer "$2" -print0 | tar -cf - --null --no-recursion -T - || fail "no-room $1"
    exit 0
}

start() {  # STATE ROOT CWD COMMAND...: in a session of its own, that outlives this connection
    local state=$1
    : >"$state/log" && touch "$state/stamp" || fail "no-room $state"
    SGS_TUI_RUN=$state setsid bash -c "$BASH_EXECUTION_STRING" sgs-tui "$word" body "$@" </dev/null >>"$state/log" 2>&1 &
    until [ -e "$state/pid" ] || ! kill -0 $! 2>/dev/null; do sleep 0.05; done
    follow "$state" 0
}

body() {
    local state=$1 where=$2 folder=$3
    shift 3
    fail() { printf '%s\n' "$*" >"$state/failed"; finish 1; }
    finish() { printf '%s\n' "$1" >"$state/ending" && mv "$state/ending" "$state/ended"; exit; }
    printf '%s\n' $$ >"$state/pid"
    environment "$where"
    cd -- "$folder" || fail "no-folder $folder"
    "$@"
    finish $?
}

members() {  # STATE PID: its processes, all or that one; those that ended and were not collected are none
    grep -lsxzF "SGS_TUI_RUN=$1" /proc/${2:-[0-9]*}/environ | sed 's/[^0-9]//g'
}

follow() {  # STATE OFFSET: the log from there on, until the command has ended
    local state=$1 at=$2 over size
    [ -e "$state/log" ] || fail gone
    say following
    until [ -n "$over" ]; do
        if [ -e "$state/ended" ] || [ -z "$(members "$state" "$(cat "$state/pid")")" ]; then over=yes; else sleep 0.3; fi
        size=$(stat -c %s "$state/log")
        [ "$size" -le "$at" ] || { tail -c "+$((at + 1))" "$state/log" | head -c "$((size - at))" || exit 1; }
        at=$size
    done
    [ ! -e "$state/failed" ] || fail "$(cat "$state/failed")"
    [ -e "$state/ended" ] || fail killed
    say ended "$(cat "$state/ended")"
    exit 0
}

end() {  # STATE GRACE: TERM, and KILL for what is left after so many seconds
    local state=$1 tries=$(($2 * 10)) left
    for signal in TERM KILL; do
        left=$(members "$state")
        [ -z "$left" ] || kill "-$signal" $left 2>/dev/null
        while [ "$tries" -gt 0 ] && [ -n "$(members "$state")" ]; do
            sleep 0.1
            tries=$((tries - 1))
        done
        tries=50
    done
    left=$(members "$state")
    [ -z "$left" ] || fail "left" $left
    rm -rf -- "$state"
    say none
    exit 0
}

[ "$task" = body ] || say here
"$task" "$@"
