export const zsh = `#compdef sf-image-store
# Completes sf-image-store in Zsh. Add to ~/.zshrc, after compinit: source <(sf-image-store completion zsh)
_sf_image_store() {
  local -a answer found
  local line word
  answer=("\${(@f)$("\${words[1]}" __complete "$((CURRENT - 2))" "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}")
  for line in "\${(@)answer[1,-2]}"; do
    # What stands behind a colon is the meaning, so those of the word itself are escaped.
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
# Read by compinit from a folder of $fpath, it is the function; by source, it tells compinit of it.
if [[ $funcstack[1] = _sf_image_store || $funcstack[1] = _sf-image-store ]]; then
  _sf_image_store "$@"
else
  compdef _sf_image_store sf-image-store
fi
`;
