"""Completion for shells: a table of what may stand where, made of the command line itself, and the few lines that look into it."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator
from typing import Final

from . import _fields
from ._database import policy

FILES: Final = "FILES"
"""Stands for whatever files there are."""

VALUE: Final = "VALUE"
"""Stands for a value that nothing can be said about."""

ARE_FILES: Final = ("file", "to", "backup", "new", "policy")
"""The arguments that name files."""


def script(shell: str, top: argparse.ArgumentParser) -> str:
    """What a shell reads to complete this command line."""
    words = "\n".join(f"    {shlex.quote(key)}) printf '%s\\n' {shlex.join(said)} ;;" for key, said in table(top) if said)
    return f"{HEAD[shell]}{SHARED.replace('TABLE', words)}{TAIL[shell]}"


def table(top: argparse.ArgumentParser) -> Iterator[tuple[str, list[str]]]:
    """What may stand where: `customers` has its options, `customers --stage` the values of one, `customers 2` its second argument."""
    commands = next(it for it in top._actions if isinstance(it, argparse._SubParsersAction))
    yield "", [*commands.choices, "--help", "--version"]
    for name, one in commands.choices.items():
        place = 0
        options = list[str]()
        for it in one._actions:
            if it.option_strings:
                options.append(it.option_strings[-1])
                if it.nargs != 0:
                    yield from ((f"{name} {option}", values(it)) for option in it.option_strings)
            else:
                place += 1
                yield f"{name} {place}", values(it)
        yield name, options
    for name, of in _fields.COMMANDS.items():
        yield f"do {name}", [word for field in _fields.fields(of) for word in offered(field)]


def values(it: argparse.Action) -> list[str]:
    """What an argument may be."""
    if it.choices is not None:
        return list(map(str, it.choices))
    if it.dest == "command":
        return list(_fields.COMMANDS)
    if it.dest == "permission":
        return sorted(policy().permissions)
    if it.dest == "role":
        return [rule.name for rule in policy().roles]
    if it.dest == "service":
        return sorted(policy().services)
    return [FILES if it.dest in ARE_FILES else VALUE]


def offered(field: _fields.Field) -> Iterator[str]:
    """What may be typed for a field: with its value, where that is a word of a closed list."""
    parts, words = list(_fields.parts(field)), list(_fields.choices(field))
    if not parts or field.needed:
        yield from (f"{field.name}={word}" for word in words or [""])
    for part in parts:
        yield from (f"{part.name}={word}" for word in list(_fields.choices(part)) or [""])


SHARED: Final = r"""
# What may stand where.
_tenantry_words() {
    case "$1" in
TABLE
    esac
}

# What is offered for $1, which is being typed, after the other words.
_tenantry_offer() {
    local cur="$1" name key last="" place=0 word
    shift
    if [ $# -eq 0 ]; then
        _tenantry_words ""
        return
    fi
    name="$1"
    key="$1"
    shift
    for word in "$@"; do
        if [ -n "$last" ]; then
            last=""
            continue
        fi
        case "$word" in
        -*) if [ -n "$(_tenantry_words "$name $word")" ]; then last="$word"; fi ;;
        *)
            place=$((place + 1))
            case "$name $place" in "do 2" | "preview 2") key="do $word" ;; esac
            ;;
        esac
    done
    if [ -n "$last" ]; then
        _tenantry_words "$name $last"
        return
    fi
    case "$cur" in
    -*) _tenantry_words "$name" ;;
    *) if [ "$key" != "$name" ]; then _tenantry_words "$key"; else _tenantry_words "$name $((place + 1))"; fi ;;
    esac
}
"""

HEAD: Final = {
    "bash": "# Completion of tenantry for bash: eval \"$(tenantry completion bash)\" in ~/.bashrc\n",
    "zsh": "#compdef tenantry\n# Completion of tenantry for zsh: source <(tenantry completion zsh) in ~/.zshrc, behind compinit\n",
}

TAIL: Final = {
    "bash": r"""
_tenantry() {
    local line="${COMP_LINE:0:$COMP_POINT}" cur offered kept=() word
    cur="${line##*[[:space:]]}"
    read -r -a kept <<<"${line%"$cur"}"
    offered="$(_tenantry_offer "$cur" "${kept[@]:1}")"
    COMPREPLY=()
    case "$offered" in
    FILES)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        ;;
    VALUE) ;;
    *)
        # What stands before a `=` or `:` is a word of its own to readline, and stays.
        for word in $offered; do
            if [[ "$word" == "$cur"* ]]; then COMPREPLY+=("${word#"${cur%"${cur##*[=:]}"}"}"); fi
        done
        if [[ "${#COMPREPLY[@]}" -eq 1 && "${COMPREPLY[0]}" == *= ]]; then compopt -o nospace 2>/dev/null; fi
        ;;
    esac
}
complete -F _tenantry tenantry
""",
    "zsh": r"""
_tenantry() {
    local -a offered
    offered=("${(@f)$(_tenantry_offer "$PREFIX" "${(@)words[2,CURRENT-1]}")}")
    case "$offered" in
    FILES) _files ;;
    VALUE) ;;
    *)
        compadd -S "" -- ${(M)offered:#*=}
        compadd -- ${offered:#*=}
        ;;
    esac
}
if [ "$funcstack[1]" = "_tenantry" ]; then _tenantry "$@"; else compdef _tenantry tenantry; fi
""",
}
