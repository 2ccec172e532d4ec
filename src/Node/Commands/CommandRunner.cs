using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using GovChain.Client;
using GovChain.Client.Import;
using GovChain.Client.Keys;
using GovChain.Client.Keys.Tokens;
using GovChain.Node.Configuration;
using GovChain.Storage;
using Grpc.Core;

namespace GovChain.Node.Commands;

/// <summary>
/// Runs a command line. Whatever goes wrong ends as one message on standard error and an exit code; with --json as one line
/// of JSON there: <c>{"error":{"reason":…,"exitCode":…,"message":…}}</c>. An exception's stack is shown only with
/// GOVCHAIN_DEBUG=1.
/// </summary>
internal static partial class CommandRunner
{
    /// <summary>How long a command may take to end after Ctrl-C or SIGTERM.</summary>
    private static readonly TimeSpan TerminationTimeout = TimeSpan.FromSeconds(30);

    /// <summary>A node bounds its own stop (stopTimeoutMs); this lies above the longest of those.</summary>
    private static readonly TimeSpan NodeTerminationTimeout = TimeSpan.FromMinutes(11);

    /// <summary>A value that begins with @ is that value. Taken for the name of a file with more arguments, as the parser does by
    /// itself, it would be anybody's way to options that nobody typed.</summary>
    private static readonly ParserConfiguration Parsing = new() { ResponseFileTokenReplacer = null };

    /// <summary>What the arguments say to a command.</summary>
    internal static ParseResult Parse(Command command, IReadOnlyList<string> arguments) => command.Parse(arguments, Parsing);

    /// <summary>Parses and runs.</summary>
    public static async Task<int> RunAsync(RootCommand root, string[] arguments)
    {
        ParseResult parsed;
        try
        {
            parsed = Parse(root, arguments);
        }
        catch (InvalidOperationException e) when (Unconverted().IsMatch(e.Message))
        {
            // A validator looked at a value that is none of the option's kind.
            return Report(new CommandException(ExitCode.Usage, Plain(e.Message)), arguments.Contains("--json"));
        }
        if (LacksCommand(parsed))
        {
            // Whoever types no more than this asks what there is.
            await Parse(root, [.. arguments, "--help"]).InvokeAsync(new InvocationConfiguration { Output = Console.Error });
            return ExitCode.Usage;
        }
        if (parsed.Errors.Count > 0)
            return Report(new CommandException(ExitCode.Usage, WrongUsage(parsed)), WantsJson(parsed));
        try
        {
            var configuration = new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null, // signals are Termination's
            };
            if (parsed.Action is not AsynchronousCommandLineAction)
                return await parsed.InvokeAsync(configuration); // nothing of it waits for a token: a signal ends the process
            using var termination = new Termination(parsed.CommandResult.Command.Name is NodeCommand.RunName or DevnetCommand.Name
                ? NodeTerminationTimeout : TerminationTimeout);
            return await termination.RunAsync(cancellation => parsed.InvokeAsync(configuration, cancellation));
        }
        catch (Exception e)
        {
            return Report(e, WantsJson(parsed));
        }
    }

    /// <summary>What is wrong with a command line: a sentence a line, and where help is.</summary>
    internal static string WrongUsage(ParseResult parsed) => string.Join(Environment.NewLine, parsed.Errors
        .Select(static e => e.SymbolResult is ArgumentResult { Tokens.Count: 0, Parent: CommandResult } missing
            ? $"{missing.Argument.Name} is missing: {missing.Argument.Description}."
            : Plain(e.Message))
        .Distinct()
        .Append($"See: {PathOf(parsed.CommandResult)} --help"));

    /// <summary>The line ends where a command of a group is expected.</summary>
    internal static bool LacksCommand(ParseResult parsed) => parsed.CommandResult.Command is { Action: null, Subcommands.Count: > 0 }
        && parsed.Action is null or ParseErrorAction
        && parsed.UnmatchedTokens.Count == 0 && parsed.Errors.Count == 1;

    /// <summary>A value that cannot be converted, without the name of a .NET type.</summary>
    private static string Plain(string message) => Unconverted().Replace(message, static m =>
        $"{m.Groups["option"].Value} {m.Groups["value"].Value}: {(m.Groups["type"].Value.Contains("Int", StringComparison.Ordinal) ? "a whole number" : "another kind of value")} is expected.");

    [GeneratedRegex(@"^Cannot parse argument '(?<value>.*)' for (option|argument|command) '(?<option>[^']*)' as expected type '(?<type>[^']*)'\.$", RegexOptions.Singleline)]
    private static partial Regex Unconverted();

    private static bool WantsJson(ParseResult parsed) =>
        parsed.CommandResult.Command.Options.OfType<Option<bool>>().FirstOrDefault(o => o.Name == "--json") is { } json
        && parsed.GetValue(json);

    /// <summary>A command as it is typed, for example <c>govchain genesis create</c>.</summary>
    private static string PathOf(CommandResult command) =>
        command.Parent is CommandResult parent
            ? $"{PathOf(parent)} {command.Command.Name}"
            : "govchain";

    private static int Report(Exception exception, bool json)
    {
        Problem problem = Explain(exception);
        if (json)
            Output.Error(ToJson(problem, exception));
        else
            Output.Error(problem.Message);
        if (Environment.GetEnvironmentVariable("GOVCHAIN_DEBUG") == "1")
            Output.Error(exception.ToString());
        return problem.ExitCode;
    }

    private static JsonObject ToJson(Problem problem, Exception exception)
    {
        var error = new JsonObject
        {
            ["reason"] = problem.Reason,
            ["exitCode"] = problem.ExitCode,
            ["message"] = problem.Message,
        };
        if (exception is ConfigurationException configuration)
            error["problems"] = ConfigurationCommands.ToJson(configuration.Problems);
        if (exception is LedgerClientException { Facts.Count: > 0 } refusal)
            error["facts"] = new JsonObject(refusal.Facts.Select(f => KeyValuePair.Create(f.Key, (JsonNode?)f.Value)));
        if (exception is CommandException { Rejection.Facts: { Count: > 0 } facts })
            error["facts"] = new JsonObject(facts.Select(f => KeyValuePair.Create(f.Name, (JsonNode?)f.Value)));
        return new JsonObject { ["error"] = error };
    }

    /// <summary>What an exception is to the user: exit code, reason for programs (docs/ERRORS.md) and a sentence.</summary>
    internal static Problem Explain(Exception exception) => exception switch
    {
        CommandException { Failure: { } failure } e => new(e.ExitCode, NameOf(failure), e.Message),
        CommandException { Output: { } output } e => new(e.ExitCode, NameOf(output), e.Message),
        CommandException { Rejection: { } rejection } e => new(e.ExitCode, rejection.CodeName, $"{rejection.CodeName}: {rejection.Message}"),
        CommandException e => new(e.ExitCode, ExitCode.NameOf(e.ExitCode), e.Message),
        ConfigurationException e => new(ExitCode.Configuration, NameOf(StartFailure.ConfigurationInvalid), e.Message),
        TokenException e => new(TokenErrors.ExitCodeOf(e.Error), NameOf(e.Error), e.Message),
        KeyFileException e => new(ExitCode.Keys, NameOf(e.Error), e.Message),
        ImportFileException e => new(ExitCode.Usage, ExitCode.NameOf(ExitCode.Usage), e.Message),
        StorageException e => new(ExitCode.Storage, NameOf(e.Error), e.Message),
        NotFilledInException e => new(ExitCode.Unavailable, "NOT_YET_AVAILABLE", $"{e.Message} Ask another department's, or this one later."),
        LedgerClientException e => new(CodeOf(e), e.Reason, $"{e.Reason}: {e.Message}"),
        FatalNodeException e => new(ExitCode.Internal, NameOf(StartFailure.NodeStopped), e.Message),
        OperationCanceledException => new(ExitCode.Interrupted, ExitCode.NameOf(ExitCode.Interrupted), "Interrupted."),
        AggregateException { InnerExceptions.Count: 1 } e => Explain(e.InnerException!),
        // A full disk behind standard output, a pipe whose reader has gone, a folder without rights.
        IOException or UnauthorizedAccessException => new(ExitCode.Storage, NameOf(StorageError.Io),
            $"The system refused to read or write: {exception.Message.TrimEnd('.')}. Check free space and rights, then start again."),
        _ => new(ExitCode.Internal, ExitCode.NameOf(ExitCode.Internal),
            $"This is a fault of govchain: {exception.GetType().Name}: {exception.Message}\n"
            + "Please report it; with GOVCHAIN_DEBUG=1 the place is shown."),
    };

    /// <summary>PORT_IN_USE of PortInUse.</summary>
    private static string NameOf<T>(T code)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseUpper.ConvertName(code.ToString());

    private static int CodeOf(LedgerClientException e) =>
        e.Reason == LedgerClientException.UnprovenReason ? ExitCode.VerificationFailed
        : e.Reason is "INVALID_ADDRESS" or "INVALID_CA_FILE" or "INVALID_CERTIFICATE_FILE" or LedgerClientException.UntrustedReason ? ExitCode.Usage : CodeOf(e.Status);

    /// <summary>What a command ends with that a node answered so.</summary>
    internal static int CodeOf(StatusCode status) => status switch
    {
        StatusCode.NotFound => ExitCode.NotFound,
        _ when LedgerClientException.IsTransientStatus(status) => ExitCode.Unavailable,
        _ => ExitCode.Refused,
    };

    /// <summary>What went wrong.</summary>
    internal readonly record struct Problem(int ExitCode, string Reason, string Message);
}
