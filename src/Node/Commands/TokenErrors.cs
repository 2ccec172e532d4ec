using GovChain.Client.Keys.Tokens;

namespace GovChain.Node.Commands;

/// <summary>The exit code of each reason why a token's key could not be used.</summary>
internal static class TokenErrors
{
    /// <summary>What may be over when the program is started again is told from what a person must look at: above all a wrong PIN, which a
    /// service that starts again and again would have the token lock.</summary>
    public static int ExitCodeOf(TokenError error) => error switch
    {
        TokenError.TokenUriInvalid => ExitCode.Usage,
        TokenError.TokenMissing or TokenError.TokenRemoved or TokenError.TokenFailed => ExitCode.Unavailable,
        _ => ExitCode.Keys,
    };
}
