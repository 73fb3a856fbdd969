# SPDX-License-Identifier: MIT
# Completions as a person gets them who types into zsh: ask_zsh.zsh FOLDER, FOLDER has _espota-c.
# Each line of standard input is typed, with a tab behind it; the words that were offered come out,
# one a line, and "." ends them.
zmodload zsh/zpty || exit 77

work=$(mktemp -d) || exit 1
trap 'rm -rf -- $work' EXIT
mkfifo $work/told || exit 1

cat >$work/shell.zsh <<'INNER'
PS1= PS2= RPS1=
unsetopt beep auto_list auto_menu # a list that is long asks whether to show it
fpath=($folder $fpath)
autoload -Uz compinit && compinit -u -D
exec {told}>$work/told

compadd() {
    local -a offered
    if [[ ${@[1,(i)(-|--)]} == *-[OAD]* ]]; then
        builtin compadd "$@"
        return
    fi
    builtin compadd -A offered "$@"
    (( $#offered )) && print -rlu $told -- $offered
    builtin compadd "$@"
}
ask() {
    zle complete-word
    zle kill-buffer
    print -ru $told .
}
zle -N ask
bindkey '^I' ask
print -ru $told .
INNER

zpty shell "exec env folder=${(q)1:A} work=$work zsh -f -i" || exit 1
exec {told}<>$work/told
zpty -w shell "source $work/shell.zsh"

until_dot() {
    local word
    while IFS= read -r word <&$told; do
        [[ $1 == silent ]] || print -r -- $word
        [[ $word == . ]] && break
    done
    # what the shell shows, so that it never waits for a reader
    while zpty -rt shell word; do :; done
}

until_dot silent
while IFS= read -r line; do
    zpty -wn shell $line$'\t'
    until_dot
done
zpty -d shell
