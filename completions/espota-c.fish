# SPDX-License-Identifier: MIT
# fish completion for espota-c(1). It asks no network: host names are those that
# "espota-c discover" saw last.

# The cache has what fish wants: a word, a tab, a description. What a shell would have to quote is
# left out.
function __espota_c_hosts
    set -l cache "$XDG_CACHE_HOME"
    test -n "$cache"; or set cache "$HOME/.cache"
    test -r "$cache/espota-c/devices"; or return
    string match -r '^[][A-Za-z0-9.:%/_-]+\t.*' <"$cache/espota-c/devices"
end

# Files of these endings, and the folders on the way to them.
function __espota_c_files
    set -l typed (string replace -r '^-[^=]*=' '' -- (commandline -ct))
    set -l endings (string join '|' $argv)
    for path in (complete -C"'' $typed" | string replace -r '\t.*' '')
        string match -rq "(/|\.($endings))\$" -- $path; and echo $path
    end
end

# The first word that is no option: the command; behind "arduino" and "password" the one after it.
function __espota_c_is
    set -l words (commandline -opc)
    set -e words[1]
    contains -- "$words[1]" arduino password; and set -e words[1]
    test "$words[1]" = "$argv[1]"
end

function __espota_c_first
    test (count (commandline -opc)) -eq 1
end

function __espota_c_verb
    test (commandline -opc)[-1] = $argv[1]
end

complete -c espota-c -f
complete -c espota-c -n __espota_c_first -l help -d 'list the commands'
complete -c espota-c -n __espota_c_first -l version -d 'tell the version'
complete -c espota-c -n __espota_c_first -a upload -d 'send an image to one device or to hundreds'
complete -c espota-c -n __espota_c_first -a discover -d 'list the devices that announce themselves'
complete -c espota-c -n __espota_c_first -a serve -d 'answer devices that ask for their updates over HTTP'
complete -c espota-c -n __espota_c_first -a sign -d 'append a signature to an image'
complete -c espota-c -n __espota_c_first -a verify -d 'check a signed image'
complete -c espota-c -n __espota_c_first -a keygen -d 'make a signing key pair'
complete -c espota-c -n __espota_c_first -a header -d 'turn a public key into a C header for the sketch'
complete -c espota-c -n __espota_c_first -a arduino -d 'discovery of network ports for Arduino\'s tools'
complete -c espota-c -n __espota_c_first -a password -d 'keep passwords of devices'
complete -c espota-c -n __espota_c_first -a info -d 'explain an image file'
complete -c espota-c -n __espota_c_first -a help -d 'explain a command: help upload'
complete -c espota-c -n '__espota_c_is help' -a 'upload discover serve sign verify keygen header arduino password info help'
complete -c espota-c -n '__espota_c_verb arduino' -l help -d 'list the verbs'
complete -c espota-c -n '__espota_c_verb arduino' -a discovery -d 'pluggable discovery on standard input and output'
complete -c espota-c -n '__espota_c_verb arduino' -a install -d 'make Arduino\'s tools use espota-c'
complete -c espota-c -n '__espota_c_verb password' -l help -d 'list the verbs'
complete -c espota-c -n '__espota_c_verb password' -a set -d 'keep a password'
complete -c espota-c -n '__espota_c_verb password' -a list -d 'for which devices there are any'
complete -c espota-c -n '__espota_c_verb password' -a remove -d 'forget one'

complete -c espota-c -n '__espota_c_is upload' -k -x -a '(__espota_c_files bin gz signed uf2)'
complete -c espota-c -n '__espota_c_is upload' -s i -l host -x -a '(__espota_c_hosts)' -d 'a device, or the URL of its web updater'
complete -c espota-c -n '__espota_c_is upload' -l targets -r -F -d 'a file with a target on each line'
complete -c espota-c -n '__espota_c_is upload' -l name -x -d 'devices found by name'
complete -c espota-c -n '__espota_c_is upload' -l all -d 'every device that announces itself'
complete -c espota-c -n '__espota_c_is upload' -l yes -d 'ask nothing'
complete -c espota-c -n '__espota_c_is upload' -s p -l port -x -d 'the devices\' port'
complete -c espota-c -n '__espota_c_is upload' -l web -x -a 'auto arduino esphome elegantota tasmota wled openbeken espeasy' -d 'which updater stands behind a URL'
complete -c espota-c -n '__espota_c_is upload' -s f -l file -k -x -a '(__espota_c_files bin gz signed uf2)' -d 'the image'
complete -c espota-c -n '__espota_c_is upload' -l fs -d 'an image of a file system'
complete -c espota-c -n '__espota_c_is upload' -l gzip -d 'compress on the way'
complete -c espota-c -n '__espota_c_is upload' -l publickey -k -x -a '(__espota_c_files key pem der pub)' -d 'send only what this key signed'
complete -c espota-c -n '__espota_c_is upload' -l md5-of -k -x -a '(__espota_c_files bin gz signed uf2)' -d 'what the image decrypts to'
complete -c espota-c -n '__espota_c_is upload' -l force -d 'skip the checks of the image'
complete -c espota-c -n '__espota_c_is upload' -l password-file -r -F -d 'the first line is the password'
complete -c espota-c -n '__espota_c_is upload' -l password-stdin -d 'the password is on standard input'
complete -c espota-c -n '__espota_c_is upload' -s a -l auth -x -d 'the password itself'
complete -c espota-c -n '__espota_c_is upload' -l user -x -d 'the user for web updaters'
complete -c espota-c -n '__espota_c_is upload' -l type -x -a 'app partition-table bootloader' -d 'what the image is'
complete -c espota-c -n '__espota_c_is upload' -l key-file -r -F -d 'the key of the encryption of ESPHome'
complete -c espota-c -n '__espota_c_is upload' -l plaintext -d 'send in clear to a device that offers no encryption'
complete -c espota-c -n '__espota_c_is upload' -l auth-method -x -a 'auto md5 sha256' -d 'which challenges to answer'
complete -c espota-c -n '__espota_c_is upload' -l host-ip -x -d 'this machine\'s address'
complete -c espota-c -n '__espota_c_is upload' -l host-port -x -d 'the TCP port that devices call back to'
complete -c espota-c -n '__espota_c_is upload' -l peer -x -d 'where the call-back comes from'
complete -c espota-c -n '__espota_c_is upload' -s t -l timeout -x -d 'how long to wait'
complete -c espota-c -n '__espota_c_is upload' -l retries -x -d 'attempts after the first'
complete -c espota-c -n '__espota_c_is upload' -l wait-online -x -d 'wait until the device is back'
complete -c espota-c -n '__espota_c_is upload' -l cacert -r -F -d 'certificates to trust'
complete -c espota-c -n '__espota_c_is upload' -l insecure -d 'trust whoever answers'
complete -c espota-c -n '__espota_c_is upload' -l limit-rate -x -d 'bytes a second and device'
complete -c espota-c -n '__espota_c_is upload' -s j -l jobs -x -d 'devices at a time'
complete -c espota-c -n '__espota_c_is upload' -l canary -x -d 'the first N devices alone'
complete -c espota-c -n '__espota_c_is upload' -l max-failures -x -d 'stop after so many failures'
complete -c espota-c -n '__espota_c_is upload' -l state -r -F -d 'remember who is done'
complete -c espota-c -n '__espota_c_is upload' -s n -l dry-run -d 'check everything, send nothing'
complete -c espota-c -n '__espota_c_is upload' -l progress -x -a 'auto bar plain none' -d 'a bar or lines'
complete -c espota-c -n '__espota_c_is upload' -l json -d 'events as JSON'
complete -c espota-c -n '__espota_c_is upload' -l report -r -F -d 'a summary, .md or JUnit .xml'
complete -c espota-c -n '__espota_c_is upload' -s q -l quiet -d 'print errors only'
complete -c espota-c -n '__espota_c_is upload' -s v -l verbose -d 'print what happens on the way'
complete -c espota-c -n '__espota_c_is upload' -s h -l help -d 'print the options'

complete -c espota-c -n '__espota_c_is discover' -l name -x -d 'only devices whose name matches'
complete -c espota-c -n '__espota_c_is discover' -l any -d 'ESPHome\'s devices, too'
complete -c espota-c -n '__espota_c_is discover' -l timeout -x -d 'how long to listen'
complete -c espota-c -n '__espota_c_is discover' -l watch -d 'go on and tell changes'
complete -c espota-c -n '__espota_c_is discover' -l json -d 'one JSON object a line'
complete -c espota-c -n '__espota_c_is discover' -l via -x -a 'auto avahi dnssd query' -d 'how to ask'
complete -c espota-c -n '__espota_c_is discover' -s q -l quiet -d 'print errors only'
complete -c espota-c -n '__espota_c_is discover' -s v -l verbose -d 'print what happens on the way'
complete -c espota-c -n '__espota_c_is discover' -s h -l help -d 'print the options'

complete -c espota-c -n '__espota_c_is serve' -s d -l dir -x -a '(__fish_complete_directories)' -d 'images by their names'
complete -c espota-c -n '__espota_c_is serve' -s m -l manifest -r -F -d 'rules in JSON'
complete -c espota-c -n '__espota_c_is serve' -s l -l listen -x -d 'where to listen'
complete -c espota-c -n '__espota_c_is serve' -l auth-file -r -F -d 'lines of user:password'
complete -c espota-c -n '__espota_c_is serve' -l accel -x -d 'let nginx send the bytes'
complete -c espota-c -n '__espota_c_is serve' -l state -r -F -d 'remember the devices'
complete -c espota-c -n '__espota_c_is serve' -l admin -x -d 'page and metrics for people'
complete -c espota-c -n '__espota_c_is serve' -l admin-host -x -d 'a name to ask for that page'
complete -c espota-c -n '__espota_c_is serve' -l check -d 'look the manifest through'
complete -c espota-c -n '__espota_c_is serve' -l mac -x -d 'check: a device with this MAC'
complete -c espota-c -n '__espota_c_is serve' -l version -x -d 'check: its version'
complete -c espota-c -n '__espota_c_is serve' -l chip -x -a 'esp8266 esp32 pico' -d 'check: its chip'
complete -c espota-c -n '__espota_c_is serve' -l mode -x -a 'sketch filesystem' -d 'check: what it asks for'
complete -c espota-c -n '__espota_c_is serve' -l path -x -d 'check: the path it asks for'
complete -c espota-c -n '__espota_c_is serve' -l md5 -x -d 'check: of the sketch it runs'
complete -c espota-c -n '__espota_c_is serve' -l json -d 'one JSON object a line'
complete -c espota-c -n '__espota_c_is serve' -s q -l quiet -d 'print errors only'
complete -c espota-c -n '__espota_c_is serve' -s v -l verbose -d 'print what happens on the way'
complete -c espota-c -n '__espota_c_is serve' -s h -l help -d 'print the options'

complete -c espota-c -n '__espota_c_is sign' -k -x -a '(__espota_c_files bin gz signed uf2)'
complete -c espota-c -n '__espota_c_is sign' -s s -l privatekey -k -x -a '(__espota_c_files key pem der pub)' -d 'the private key'
complete -c espota-c -n '__espota_c_is sign' -s b -l bin -k -x -a '(__espota_c_files bin gz signed uf2)' -d 'the image to sign'
complete -c espota-c -n '__espota_c_is sign' -s o -l out -r -F -d 'where the signed image goes'
complete -c espota-c -n '__espota_c_is sign' -s l -l legacy -r -F -d 'also sign in the legacy format'
complete -c espota-c -n '__espota_c_is sign' -l gzip -d 'compress first'
complete -c espota-c -n '__espota_c_is sign' -l format -x -a 'auto esp8266 esp32' -d 'format of the signature'
complete -c espota-c -n '__espota_c_is sign' -l hash -x -a 'sha256 sha384 sha512' -d 'ESP32 format: the digest'
complete -c espota-c -n '__espota_c_is sign' -l passphrase-file -r -F -d 'its first line opens the key'
complete -c espota-c -n '__espota_c_is sign' -l force -d 'sign also what is signed'
complete -c espota-c -n '__espota_c_is sign' -s q -l quiet -d 'print errors only'
complete -c espota-c -n '__espota_c_is sign' -s v -l verbose -d 'print what happens on the way'
complete -c espota-c -n '__espota_c_is sign' -s h -l help -d 'print the options'

complete -c espota-c -n '__espota_c_is verify' -k -x -a '(__espota_c_files bin gz signed uf2)'
complete -c espota-c -n '__espota_c_is verify' -s p -l publickey -k -x -a '(__espota_c_files key pem der pub)' -d 'the public key'
complete -c espota-c -n '__espota_c_is verify' -s b -l bin -k -x -a '(__espota_c_files bin gz signed uf2)' -d 'the signed image'
complete -c espota-c -n '__espota_c_is verify' -l format -x -a 'auto esp8266 esp8266-legacy esp32' -d 'what counts as a signature'
complete -c espota-c -n '__espota_c_is verify' -l passphrase-file -r -F -d 'a token\'s PIN'
complete -c espota-c -n '__espota_c_is verify' -l json -d 'print one object'
complete -c espota-c -n '__espota_c_is verify' -s q -l quiet -d 'print errors only'
complete -c espota-c -n '__espota_c_is verify' -s v -l verbose -d 'print what happens on the way'
complete -c espota-c -n '__espota_c_is verify' -s h -l help -d 'print the options'

complete -c espota-c -n '__espota_c_is keygen' -s o -l out -r -F -d 'where the private key goes'
complete -c espota-c -n '__espota_c_is keygen' -s p -l pub -r -F -d 'where the public key goes'
complete -c espota-c -n '__espota_c_is keygen' -s t -l type -x -a 'rsa-2048 rsa-3072 rsa-4096 ecdsa-p256 ecdsa-p384' -d 'kind of key'
complete -c espota-c -n '__espota_c_is keygen' -l passphrase-file -r -F -d 'encrypt with its first line'
complete -c espota-c -n '__espota_c_is keygen' -s q -l quiet -d 'print errors only'
complete -c espota-c -n '__espota_c_is keygen' -s v -l verbose -d 'print what happens on the way'
complete -c espota-c -n '__espota_c_is keygen' -s h -l help -d 'print the options'

complete -c espota-c -n '__espota_c_is header' -s p -l publickey -k -x -a '(__espota_c_files key pem der pub)' -d 'the public key'
complete -c espota-c -n '__espota_c_is header' -s o -l out -r -F -d 'the header to write'
complete -c espota-c -n '__espota_c_is header' -l format -x -a 'auto esp8266 esp32' -d 'for which core'
complete -c espota-c -n '__espota_c_is header' -s q -l quiet -d 'print errors only'
complete -c espota-c -n '__espota_c_is header' -s v -l verbose -d 'print what happens on the way'
complete -c espota-c -n '__espota_c_is header' -s h -l help -d 'print the options'

complete -c espota-c -n '__espota_c_is info' -k -x -a '(__espota_c_files bin gz signed uf2)'
complete -c espota-c -n '__espota_c_is info' -l json -d 'print one object'
complete -c espota-c -n '__espota_c_is info' -s q -l quiet -d 'print errors only'
complete -c espota-c -n '__espota_c_is info' -s v -l verbose -d 'print what happens on the way'
complete -c espota-c -n '__espota_c_is info' -s h -l help -d 'print the options'

complete -c espota-c -n '__espota_c_is discovery' -l via -x -a 'auto avahi dnssd query' -d 'how to ask'
complete -c espota-c -n '__espota_c_is discovery' -s q -l quiet -d 'print errors only'
complete -c espota-c -n '__espota_c_is discovery' -s v -l verbose -d 'print what happens on the way'
complete -c espota-c -n '__espota_c_is discovery' -s h -l help -d 'print the options'

complete -c espota-c -n '__espota_c_is install' -l core -x -a 'esp8266 esp32 rp2040 (__fish_complete_directories)' -d 'only this core'
complete -c espota-c -n '__espota_c_is install' -l data-dir -x -a '(__fish_complete_directories)' -d 'where Arduino\'s tools keep cores'
complete -c espota-c -n '__espota_c_is install' -l shim -d 'also replace espota.py and signing.py'
complete -c espota-c -n '__espota_c_is install' -l discovery -d 'also stand in for mdns-discovery'
complete -c espota-c -n '__espota_c_is install' -l remove -d 'take everything away again'
complete -c espota-c -n '__espota_c_is install' -s n -l dry-run -d 'only tell what would be done'
complete -c espota-c -n '__espota_c_is install' -s q -l quiet -d 'print errors only'
complete -c espota-c -n '__espota_c_is install' -s v -l verbose -d 'print what happens on the way'
complete -c espota-c -n '__espota_c_is install' -s h -l help -d 'print the options'

complete -c espota-c -n '__espota_c_is set' -k -x -a '(__espota_c_hosts)'
complete -c espota-c -n '__espota_c_is set' -l password-file -r -F -d 'the first line is the password'
complete -c espota-c -n '__espota_c_is set' -l password-stdin -d 'the password is on standard input'
complete -c espota-c -n '__espota_c_is set' -s q -l quiet -d 'print errors only'
complete -c espota-c -n '__espota_c_is set' -s v -l verbose -d 'print what happens on the way'
complete -c espota-c -n '__espota_c_is set' -s h -l help -d 'print the options'

complete -c espota-c -n '__espota_c_is list' -l json -d 'print one object'
complete -c espota-c -n '__espota_c_is list' -s q -l quiet -d 'print errors only'
complete -c espota-c -n '__espota_c_is list' -s v -l verbose -d 'print what happens on the way'
complete -c espota-c -n '__espota_c_is list' -s h -l help -d 'print the options'

complete -c espota-c -n '__espota_c_is remove' -s q -l quiet -d 'print errors only'
complete -c espota-c -n '__espota_c_is remove' -s v -l verbose -d 'print what happens on the way'
complete -c espota-c -n '__espota_c_is remove' -s h -l help -d 'print the options'
