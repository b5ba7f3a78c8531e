export const shells = ["bash", "zsh", "fish", "powershell"] as const;

export type Shell = (typeof shells)[number];

/** Requires Bash 3.2 or later and nothing else. */
const bash = `# Completes sf-image-store in Bash. Add to ~/.bashrc: source <(sf-image-store completion bash)
_sf_image_store() {
  local IFS=$'\\n' rest=\${COMP_LINE:0:COMP_POINT} piece i last=-1 line how= typed cut
  local -a words answer
  # Bash also splits words at = and :. Join the parts that no space separates.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    piece=\${COMP_WORDS[i]}
    if [[ i -gt 0 && -n $rest && $rest != [[:blank:]]* ]]; then
      [[ i -eq COMP_CWORD ]] && piece=$rest
      words[last]+=$piece
    else
      rest=\${rest#"\${rest%%[![:blank:]]*}"}
      [[ i -eq COMP_CWORD ]] && piece=$rest
      words[++last]=$piece
    fi
    rest=\${rest#"$piece"}
  done
  typed=\${words[last]}
  COMPREPLY=()
  # Bash replaces only the part after the last = or :.
  cut=\${typed%"\${typed##*[=:]}"}
  while read -r line; do answer+=("$line"); done < <(
    "\${COMP_WORDS[0]}" __complete "$((last - 1))" "\${words[@]:1}" 2>/dev/null
  )
  for line in "\${answer[@]}"; do
    case $line in
      :files) compopt -o default -o filenames 2>/dev/null && COMPREPLY=($(compgen -f -- "\${typed#"$cut"}")) ;;
      :open) compopt -o nospace 2>/dev/null ;;
      :*) ;;
      *)
        line=\${line%%$'\\t'*}
        printf -v line %q "\${line#"$cut"}"
        COMPREPLY+=("$line")
        ;;
    esac
  done
}
complete -F _sf_image_store sf-image-store
`;

const zsh = `#compdef sf-image-store
# Completes sf-image-store in Zsh. Add to ~/.zshrc, after compinit: source <(sf-image-store completion zsh)
_sf_image_store() {
  local -a answer found
  local line word
  answer=("\${(@f)$("\${words[1]}" __complete "$((CURRENT - 2))" "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}")
  for line in "\${(@)answer[1,-2]}"; do
    # A colon separates the word from its description, so escape colons in the word.
    word=\${\${line%%$'\\t'*}//:/\\\\:}
    [[ $line = *$'\\t'* ]] && word+=:\${line#*$'\\t'}
    found+=("$word")
  done
  case $answer[-1] in
    :files) _files ;;
    :open) _describe -V 'store path' found -S '' ;;
    *) _describe -V 'sf-image-store' found ;;
  esac
}
# In a folder of $fpath, compinit runs this file as the function. When sourced, register the function.
if [[ $funcstack[1] = _sf_image_store || $funcstack[1] = _sf-image-store ]]; then
  _sf_image_store "$@"
else
  compdef _sf_image_store sf-image-store
fi
`;

const fish = `# Completes sf-image-store in fish: sf-image-store completion fish > ~/.config/fish/completions/sf-image-store.fish
function __sf_image_store_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l command $words[1]
    set -e words[1]
    set -l answer ($command __complete (count $words) $words "$current" 2>/dev/null)
    if test "$answer[-1]" = :files
        __fish_complete_path "$current"
    else if set -q answer[2]
        printf '%s\\n' $answer[1..-2]
    end
end
complete -c sf-image-store -f -a '(__sf_image_store_complete)'
`;

const powershell = `# Completes sf-image-store in PowerShell. Add to $PROFILE: sf-image-store completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName sf-image-store -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements |
        Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        ForEach-Object { if ($null -ne $_.Value) { "$($_.Value)" } else { $_.Extent.Text } })
    # Older versions drop an empty last word, so pass the number of words.
    $answer = @(& sf-image-store __complete $words.Count @words "$wordToComplete" 2>$null)
    if ($answer.Count -lt 2) { return }
    $answer[0..($answer.Count - 2)] | ForEach-Object {
        $word, $description = $_ -split "\`t", 2
        if (-not $description) { $description = $word }
        $text = if ($word -match '[\\s''"\`$;|&(){}]') { "'" + ($word -replace "'", "''") + "'" } else { $word }
        [System.Management.Automation.CompletionResult]::new($text, $word, 'ParameterValue', $description)
    }
}
`;

/** Scripts that pass the command line to `sf-image-store __complete` without evaluating any part of it. */
export const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish, powershell };
