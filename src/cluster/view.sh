# Which processes of a node belong to pods of a session; see src/cluster/view.rs for the answer's
# form. Nothing but reading, and for each process with what the shell has built in: there are many.
LC_ALL=C
export LC_ALL
count=0 found=
# Whether programs, open files and memory are read, which takes the rights of the node's root.
full={{full}}

# The arguments of a process, joined: the shell drops the zero bytes between them.
read_arguments() {
    arguments=
    { read -r arguments <"/proc/$1/cmdline"; } 2>&-
}

# Whether process $1 is in a control group of the pod with this uid, in either spelling; `ids` gets
# the ids that its groups are named by.
is_in_pod() {
    inside=
    while read -r group; do
        case $group in *"pod$2"* | *"pod$3"*) inside=yes ;; *) continue ;; esac
        id=${group##*/} id=${id%.scope} id=${id##*[-_:]}
        if [ ${#id} -lt 32 ]; then continue; fi
        case " $ids " in *" $id "*) ;; *) ids="$ids $id" ;; esac
    done <"/proc/$1/cgroup"
    [ -n "$inside" ]
} 2>&-

clean() { tr '\000-\037\177-\377' ' ' | head -c 400; }

# One line: number of the pod, process, its ids in its namespaces, its name, its arguments.
print_process() {
    case " $found " in *" $1/$2 "*) return ;; esac
    found="$found $1/$2" name= own=
    while read -r key rest; do
        case $key in
            Name:) name=$rest ;;
            NSpid:) own=$rest ;;
            PPid:) case " $parents " in *" $rest "*) ;; *) parents="$parents $rest" ;; esac ;;
        esac
    done <"/proc/$2/status"
    name=$(printf '%s' "$name" | clean)
    words=$(clean <"/proc/$2/cmdline")
    own=$(printf '%s' "$own" | tr '\t' ' ')
    printf '\n@{{nonce}} process\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$own" "$name" "$words"
    if [ -n "$full" ]; then print_details "$1" "$2"; fi
} 2>&-

# A line for the program of a process, one for its memory, and one for each handle of a virtual
# machine that it holds open.
print_details() {
    program=$(readlink "/proc/$2/exe" | clean)
    printf '@{{nonce}} program\t%s\t%s\t%s\n' "$1" "$2" "$program"
    while read -r key amount _; do
        if [ "$key" = Pss: ]; then printf '@{{nonce}} pss\t%s\t%s\t%s\n' "$1" "$2" "$amount"; fi
    done <"/proc/$2/smaps_rollup"
    ls -l "/proc/$2/fd" | while read -r line; do
        handle=${line##* -> }
        case $handle in
            /dev/kvm | anon_inode:kvm-*)
                printf '@{{nonce}} handle\t%s\t%s\t%s\n' "$1" "$2" "$(printf '%s' "$handle" | clean)" ;;
        esac
    done
} 2>&-

# What is in the groups of a pod, or is its witness.
look_for_pod() {
    ids= parents=
    for folder in /proc/[0-9]*; do
        pid=${folder#/proc/}
        read_arguments "$pid"
        if [ "$arguments" = "sleep$4" ] || is_in_pod "$pid" "$2" "$3"; then
            print_process "$1" "$pid"
        fi
    done
    # What stands outside of the groups, such as a shim, started what is in them, or names an id
    # among its arguments.
    for pid in $parents; do
        read_arguments "$pid"
        case $arguments in *shim*) print_process "$1" "$pid" ;; esac
    done
    for folder in /proc/[0-9]*; do
        pid=${folder#/proc/}
        read_arguments "$pid"
        for id in $ids; do
            case $arguments in *"$id"*) print_process "$1" "$pid" ;; esac
        done
    done
}

for folder in /proc/[0-9]*; do count=$((count + 1)); done
{{pods}}
read -r boot </proc/sys/kernel/random/boot_id
printf '\n@{{nonce}} end\t%s\t%s\n' "$count" "$boot"
