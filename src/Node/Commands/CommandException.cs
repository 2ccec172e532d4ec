using GovChain.Core.Model;

namespace GovChain.Node.Commands;

/// <summary>Ends a command with a sentence for the user and an exit code. The only text on the screen.</summary>
internal sealed class CommandException(int exitCode, string message) : Exception(message)
{
    /// <summary>A node's start, or its running, ends for one of the reasons that programs look at.</summary>
    public CommandException(StartFailure failure, string message)
        : this(StartFailures.ExitCodeOf(failure), message) => Failure = failure;

    /// <summary>A file is not written for one of the reasons that programs look at.</summary>
    public CommandException(OutputError output, string message)
        : this(OutputErrors.ExitCodeOf(output), message) => Output = output;

    /// <summary>The ledger would refuse what a command is about to bring it.</summary>
    public CommandException(Rejection rejection)
        : this(Commands.ExitCode.Refused, rejection.Message) => Rejection = rejection;

    /// <summary>One of <see cref="Commands.ExitCode"/>.</summary>
    public int ExitCode { get; } = exitCode;

    /// <summary>The reason for programs; null where the exit code says all.</summary>
    public StartFailure? Failure { get; }

    /// <summary>Why a file is not written; null where it is not that.</summary>
    public OutputError? Output { get; }

    /// <summary>What the ledger would say; null where it is not asked.</summary>
    public Rejection? Rejection { get; }
}
