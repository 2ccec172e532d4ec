using System.CommandLine;
using GovChain.Client;
using GovChain.Client.Import;
using GovChain.Client.Keys;
using GovChain.Node.Configuration;
using GovChain.Storage;
using Grpc.Core;

namespace GovChain.Node.Commands;

/// <summary>
/// Runs a command line. Whatever goes wrong ends as one message on standard error and an exit code: an exception's
/// stack is shown only with GOVCHAIN_DEBUG=1.
/// </summary>
internal static class CommandRunner
{
    /// <summary>How long a command may take to end after Ctrl-C or SIGTERM.</summary>
    private static readonly TimeSpan TerminationTimeout = TimeSpan.FromSeconds(30);

    /// <summary>A node bounds its own stop (stopTimeoutMs); this lies above the longest of those.</summary>
    private static readonly TimeSpan NodeTerminationTimeout = TimeSpan.FromMinutes(11);

    /// <summary>Parses and runs.</summary>
    public static async Task<int> RunAsync(RootCommand root, string[] arguments)
    {
        ParseResult parsed = root.Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            foreach (string message in parsed.Errors.Select(e => e.Message).Distinct())
                Output.Error(message);
            Output.Error($"See: {PathOf(parsed.CommandResult)} --help");
            return ExitCode.Usage;
        }
        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = parsed.CommandResult.Command.Name is NodeCommand.RunName or DevnetCommand.Name
                    ? NodeTerminationTimeout : TerminationTimeout,
            });
        }
        catch (Exception e)
        {
            return Report(e);
        }
    }

    /// <summary>A command as it is typed, for example <c>govchain genesis create</c>.</summary>
    private static string PathOf(System.CommandLine.Parsing.CommandResult command) =>
        command.Parent is System.CommandLine.Parsing.CommandResult parent
            ? $"{PathOf(parent)} {command.Command.Name}"
            : "govchain";

    private static int Report(Exception exception)
    {
        (int code, string message) = Explain(exception);
        Output.Error(message);
        if (Environment.GetEnvironmentVariable("GOVCHAIN_DEBUG") == "1")
            Output.Error(exception.ToString());
        return code;
    }

    /// <summary>The exit code of an exception, and what a person is told.</summary>
    internal static (int Code, string Message) Explain(Exception exception) => exception switch
    {
        CommandException e => (e.ExitCode, e.Message),
        ConfigurationException e => (ExitCode.Configuration, e.Message),
        KeyFileException e => (ExitCode.Keys, e.Message),
        ImportFileException e => (ExitCode.Usage, e.Message),
        StorageException e => (ExitCode.Storage, e.Message),
        LedgerClientException e => (CodeOf(e), $"{e.Reason}: {e.Message}"),
        OperationCanceledException => (ExitCode.Interrupted, "Interrupted."),
        AggregateException { InnerExceptions.Count: 1 } e => Explain(e.InnerException!),
        _ => (ExitCode.Internal,
            $"This is a fault of govchain: {exception.GetType().Name}: {exception.Message}\n"
            + "Please report it; with GOVCHAIN_DEBUG=1 the place is shown."),
    };

    private static int CodeOf(LedgerClientException e) => e.Status switch
    {
        StatusCode.NotFound => ExitCode.NotFound,
        _ when e.Reason is "INVALID_ADDRESS" or "INVALID_CA_FILE" => ExitCode.Usage,
        _ when e.IsTransient => ExitCode.Unavailable,
        _ => ExitCode.Refused,
    };
}
