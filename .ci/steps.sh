# shellcheck shell=bash
# Steps of .ci/run, one after the other or beside one another, with what each takes.

STEPS=$(mktemp -d) # what each took, and what those in the background print
STEP=beginning     # the one that was begun last
declare -A JOBS=() # the process of each step in the background

# step NAME COMMAND...: runs it, and prints how long it took.
step() {
  local name=$1 begun=$SECONDS
  shift
  end_if_a_job_failed
  STEP=$name
  printf '\n== %s\n' "$name"
  "$@"
  printf -- '-- %s: %s s, %s s after the beginning\n' "$name" $((SECONDS - begun)) "$SECONDS"
  printf '%6s s  %s\n' $((SECONDS - begun)) "$name" >>"$STEPS/times"
}

# beside NAME COMMAND...: begins it in the background, in a process group of its own.
beside() {
  local name=$1
  shift
  set -m
  (
    JOBS=()
    "$@"
  ) >"$STEPS/$name" 2>&1 &
  set +m
  JOBS[$name]=$!
}

# await NAME...: waits for them, shows what they printed, and ends all if one failed.
await() {
  local name status
  for name in "$@"; do
    [ -n "${JOBS[$name]:-}" ] || continue
    status=0
    wait "${JOBS[$name]}" || status=$?
    unset "JOBS[$name]"
    cat "$STEPS/$name"
    STEP=$name
    [ "$status" = 0 ] || exit "$status"
  done
}

end_if_a_job_failed() {
  local name
  for name in "${!JOBS[@]}"; do
    kill -0 "${JOBS[$name]}" 2>/dev/null || await "$name"
  done
}

end_of_steps() {
  local status=$? job
  # A job that is killed as soon as it was forked still has this trap.
  [ "$BASHPID" = $$ ] || exit "$status"
  for job in "${JOBS[@]}"; do kill -- "-$job" 2>/dev/null || true; done
  printf '\n== what each step took\n'
  cat "$STEPS/times" 2>/dev/null || true
  printf '%6s s  all\n' "$SECONDS"
  [ "$status" = 0 ] || printf 'failed: %s (exit %s)\n' "$STEP" "$status"
  rm -rf "$STEPS"
  exit "$status"
}
trap end_of_steps EXIT
