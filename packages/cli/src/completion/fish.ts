export const fish = `# Completes sf-image-store in fish: sf-image-store completion fish > ~/.config/fish/completions/sf-image-store.fish
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
