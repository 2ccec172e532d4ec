namespace GovChain.Node.Commands;

/// <summary>Ends a command with a sentence for the user and an exit code. The only text on the screen.</summary>
internal sealed class CommandException(int exitCode, string message) : Exception(message)
{
    /// <summary>A node's start, or its running, ends for one of the reasons that programs look at.</summary>
    public CommandException(StartFailure failure, string message)
        : this(StartFailures.ExitCodeOf(failure), message) => Failure = failure;

    /// <summary>One of <see cref="Commands.ExitCode"/>.</summary>
    public int ExitCode { get; } = exitCode;

    /// <summary>The reason for programs; null where the exit code says all.</summary>
    public StartFailure? Failure { get; }
}
