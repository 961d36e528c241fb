// What a shell does to complete a command line, but for the words of the commands: COMMANDS, the
// patterns by which a command is known in its parent; ARMS, what may follow each; RECIPE and
// GENERATE, keys; VALUES, what a key may be. Both scripts find the command, then offer its options,
// its commands, the values of a key behind a `=`, keys where they may stand, or else files.
#pragma once

namespace tessera {

// A shell splits `key=value` into three words here.
inline constexpr char kBashCompletion[] = R"(# Made by `tessera completion bash`.
_tessera() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= given= behind= i
  local key= children= flags= keys= values=
  local recipe=RECIPE
  local generate=GENERATE
  if [[ $word == = ]]; then
    key=$before word=
  elif [[ $before == = ]]; then
    key=${COMP_WORDS[COMP_CWORD-2]}
  fi
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case $command/${COMP_WORDS[i]} in
      COMMANDS) command=${command:+$command }${COMP_WORDS[i]} ;;
      */--set|ablate/--grid) behind=yes ;;
      */-*) ;;
      *) given=yes ;;
    esac
  done
  case $command in
ARMS  esac
  COMPREPLY=()
  if [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$word"))
  elif [[ -n $children ]]; then
    COMPREPLY=($(compgen -W "$children" -- "$word"))
  elif [[ -n $key ]]; then
    [[ $keys != generate ]] || key=generate.$key
    case $key in
VALUES    esac
    COMPREPLY=($(compgen -W "$values" -- "$word"))
  elif [[ -n $keys && -n $behind ]]; then
    COMPREPLY=($(compgen -S = -W "${!keys}" -- "$word"))
    [[ -z ${COMPREPLY[0]-} ]] || compopt -o nospace 2>/dev/null
  fi
}
complete -o default -F _tessera tessera
)";

inline constexpr char kZshCompletion[] = R"(#compdef tessera
# Made by `tessera completion zsh`.
_tessera() {
  local command= given= behind= key= keys= i
  local -a children flags values recipe generate
  recipe=RECIPE
  generate=GENERATE
  for ((i = 2; i < CURRENT; ++i)); do
    case $command/${words[i]} in
      COMMANDS) command=${command:+$command }${words[i]} ;;
      */--set|ablate/--grid) behind=yes ;;
      */-*) ;;
      *) given=yes ;;
    esac
  done
  case $command in
ARMS  esac
  if [[ $PREFIX == -* ]]; then
    _describe -o option flags
  elif (( $#children )); then
    _describe command children
  elif [[ -n $keys && $PREFIX == *=* ]]; then
    key=${PREFIX%%=*}
    [[ $keys != generate ]] || key=generate.$key
    compset -P '*='
    case $key in
VALUES    esac
    compadd -a values || _files
  elif [[ -n $keys && -n $behind ]]; then
    _describe key $keys -qS = || _files
  else
    _files
  fi
}
_tessera "$@"
)";

}  // namespace tessera
