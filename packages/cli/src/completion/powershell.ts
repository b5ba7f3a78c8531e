export const powershell = `# Completes sf-image-store in PowerShell. Add to $PROFILE: sf-image-store completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName sf-image-store -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements |
        Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        ForEach-Object { if ($null -ne $_.Value) { "$($_.Value)" } else { $_.Extent.Text } })
    # Older versions drop an empty word, which is why their number is told.
    $answer = @(& sf-image-store __complete $words.Count @words "$wordToComplete" 2>$null)
    if ($answer.Count -lt 2) { return }
    $answer[0..($answer.Count - 2)] | ForEach-Object {
        $word, $says = $_ -split "\`t", 2
        if (-not $says) { $says = $word }
        $text = if ($word -match '[\\s''"\`$;|&(){}]') { "'" + ($word -replace "'", "''") + "'" } else { $word }
        [System.Management.Automation.CompletionResult]::new($text, $word, 'ParameterValue', $says)
    }
}
`;
