namespace GovChain.Node.Commands;

/// <summary>Ends a command with a sentence for the user and an exit code. The only text on the screen.</summary>
internal sealed class CommandException(int exitCode, string message) : Exception(message)
{
    /// <summary>One of <see cref="Commands.ExitCode"/>.</summary>
    public int ExitCode { get; } = exitCode;
}
