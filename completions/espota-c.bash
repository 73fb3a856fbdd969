# SPDX-License-Identifier: MIT
# bash completion for espota-c(1) and espota-stub(1). It needs nothing but bash 4, and asks no
# network: host names are those that "espota-c discover" saw last.

# The options of a command: -LETTER,--NAME:WHAT; WHAT is missing where no value follows.
_espota_c_options()
{
    case $1 in
        upload)
            printf '%s\n' '-i,--host:host --targets:file --name:value --all --yes -p,--port:value
            --web:auto|arduino|esphome|elegantota|tasmota|wled|openbeken|espeasy
            -f,--file:image --fs --gzip --publickey:key --md5-of:image --force --type:app|partition-table|bootloader
            --key-file:file --plaintext
            --password-file:file --password-stdin -a,--auth:value --user:value --auth-method:auto|md5|sha256
            --host-ip:value --host-port:value --peer:value -t,--timeout:value
            --retries:value --wait-online:value --cacert:file --insecure
            --limit-rate:value -j,--jobs:value --canary:value --max-failures:value
            --state:file -n,--dry-run --progress:auto|bar|plain|none --json --report:file
            -q,--quiet -v,--verbose -h,--help'
            ;;
        discover)
            printf '%s\n' '--name:value --any --timeout:value --watch --json --via:auto|avahi|dnssd|query
            -q,--quiet -v,--verbose -h,--help'
            ;;
        serve)
            printf '%s\n' '-d,--dir:dir -m,--manifest:file -l,--listen:value --auth-file:file
            --accel:value --state:file --admin:value --admin-host:value --check --mac:value
            --version:value --chip:esp8266|esp32|pico --mode:sketch|filesystem --path:value
            --md5:value --json -q,--quiet -v,--verbose -h,--help'
            ;;
        sign)
            printf '%s\n' '-s,--privatekey:key -b,--bin:image -o,--out:file -l,--legacy:file --gzip
            --format:auto|esp8266|esp32 --hash:sha256|sha384|sha512 --passphrase-file:file
            --force -q,--quiet -v,--verbose -h,--help'
            ;;
        verify)
            printf '%s\n' '-p,--publickey:key -b,--bin:image --format:auto|esp8266|esp8266-legacy|esp32
            --passphrase-file:file --json -q,--quiet -v,--verbose -h,--help'
            ;;
        keygen)
            printf '%s\n' '-o,--out:file -p,--pub:file
            -t,--type:rsa-2048|rsa-3072|rsa-4096|ecdsa-p256|ecdsa-p384
            --passphrase-file:file -q,--quiet -v,--verbose -h,--help'
            ;;
        header)
            printf '%s\n' '-p,--publickey:key -o,--out:file --format:auto|esp8266|esp32 -q,--quiet
            -v,--verbose -h,--help'
            ;;
        info)
            printf '%s\n' '--json -q,--quiet -v,--verbose -h,--help'
            ;;
        discovery)
            printf '%s\n' '--via:auto|avahi|dnssd|query -q,--quiet -v,--verbose -h,--help'
            ;;
        install)
            printf '%s\n' '--core:core --data-dir:dir --shim --discovery --remove -n,--dry-run -q,--quiet
            -v,--verbose -h,--help'
            ;;
        set)
            printf '%s\n' '--password-file:file --password-stdin -q,--quiet -v,--verbose -h,--help'
            ;;
        list)
            printf '%s\n' '--json -q,--quiet -v,--verbose -h,--help'
            ;;
        remove)
            printf '%s\n' '-q,--quiet -v,--verbose -h,--help'
            ;;
        espota-stub)
            printf '%s\n' '-p,--port:value --bind:value --count:value --hostname:value --mdns
            --password-file:file --password:value --auth-method:md5|sha256|md5-esp32 --esphome --deflate --plain --key-file:file --encrypted --publickey:key
            --http:value --user:value --pull:value --version:value --fs --ask-version
            --rtos:no|user1|user2 --resume --flash:file --flash-size:value --fs-start:value
            --atomic-fs --layout:eboot|swap|slots --boot --uploads:value --rate:value --tcp-window:value
            --ack-delay:value --loop-delay:value --auth-delay:value --fast --quirks --json -q,--quiet
            -v,--verbose -h,--help'
            ;;
    esac
}

# What upload takes for --host, as the last discovery saw it. A name that a shell would have to
# quote is none.
_espota_c_hosts()
{
    local file=${XDG_CACHE_HOME:-$HOME/.cache}/espota-c/devices target rest
    [[ -r $file ]] || return 0
    while IFS=$'\t' read -r target rest; do
        [[ $target == *[!][A-Za-z0-9.:%/_-]* || $target != "$1"* ]] || COMPREPLY+=("$target")
    done <"$file"
}

# Files of these endings, and the folders on the way to them; $1: what is typed, $2: endings.
_espota_c_files()
{
    local path
    compopt -o filenames 2>/dev/null
    while IFS= read -r path; do
        [[ -n $2 && ! -d $path && ! $path =~ \.($2)$ ]] || COMPREPLY+=("$path")
    done < <(compgen -f -- "$1")
}

# $1: what kind of value, $2: what is typed of it, $3: the same as the shell split it
_espota_c_value()
{
    case $1 in
        host) _espota_c_hosts "$2" ;;
        image) _espota_c_files "$3" 'bin|gz|signed|uf2' ;;
        key) _espota_c_files "$3" 'key|pem|der|pub' ;;
        file) _espota_c_files "$3" '' ;;
        dir)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -d -- "$3")
            ;;
        core)
            mapfile -t COMPREPLY < <(compgen -W 'esp8266 esp32 rp2040' -- "$3")
            _espota_c_files "$3" '-'
            ;;
        *'|'*) mapfile -t COMPREPLY < <(compgen -W "${1//|/ }" -- "$2") ;;
    esac
}

# The kind of the value that option $2 of command $1 takes.
_espota_c_kind()
{
    local row name
    for row in $(_espota_c_options "$1"); do
        [[ $row == *:* ]] || continue
        for name in ${row%%:*}; do
            [[ ,$name, != *,"$2",* ]] || printf '%s' "${row#*:}"
        done
    done
}

# The names of the options of command $1 that begin with $2.
_espota_c_names()
{
    local row name
    for row in $(_espota_c_options "$1"); do
        row=${row%%:*}
        for name in ${row//,/ }; do
            [[ $name != "$2"* ]] || COMPREPLY+=("$name")
        done
    done
}

_espota_c()
{
    local line=${COMP_LINE:0:COMP_POINT} split=${COMP_WORDS[COMP_CWORD]}
    local typed previous command=${COMP_WORDS[1]} kind strip i
    local commands='upload discover serve sign verify keygen header arduino password info help'
    local verbs='discovery install'
    COMPREPLY=()
    typed=${line##*[[:space:]]}
    line=${line%"$typed"}
    line=${line%"${line##*[![:space:]]}"}
    previous=${line##*[[:space:]]}
    [[ $split == [=:] ]] && split=''

    if [[ ${COMP_WORDS[0]##*/} == espota-stub ]]; then
        command=espota-stub
    elif ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W "$commands --help --version" -- "$typed")
        return
    elif [[ $command == help ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$typed")
        return
    elif [[ $command == arduino || $command == password ]]; then
        [[ $command == arduino ]] || verbs='set list remove'
        if ((COMP_CWORD == 2)); then
            mapfile -t COMPREPLY < <(compgen -W "$verbs --help" -- "$typed")
            return
        fi
        command=${COMP_WORDS[2]}
    fi

    if [[ $typed == --*=* ]]; then
        previous=${typed%%=*}
        typed=${typed#*=}
    fi
    [[ $previous == -* ]] && kind=$(_espota_c_kind "$command" "$previous")
    [[ -z $kind && $command == set && $typed != -* ]] && kind=host
    if [[ -n $kind ]]; then
        _espota_c_value "$kind" "$typed" "$split"
    elif [[ $typed == -* ]]; then
        _espota_c_names "$command" "$typed"
    else
        case $command in
            upload | sign | verify | info) _espota_c_value image "$typed" "$split" ;;
        esac
    fi

    # readline puts a reply in the place of what stands behind the last colon only
    if [[ $kind == host && $typed == *:* && $COMP_WORDBREAKS == *:* ]]; then
        strip=${typed%"${typed##*:}"}
        for i in "${!COMPREPLY[@]}"; do
            COMPREPLY[i]=${COMPREPLY[i]#"$strip"}
        done
    fi
}

complete -F _espota_c espota-c espota-stub
