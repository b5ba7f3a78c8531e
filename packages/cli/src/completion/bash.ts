/** For Bash 3.2 and newer; needs nothing else. */
export const bash = `# Completes sf-image-store in Bash. Add to ~/.bashrc: source <(sf-image-store completion bash)
_sf_image_store() {
  local IFS=$'\\n' rest=\${COMP_LINE:0:COMP_POINT} piece i last=-1 line how= typed cut
  local -a words answer
  # Bash parts words at = and : too. Those between which no blank stands are put together again.
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
  # Only what stands behind the last = or : is replaced by Bash.
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
