using System.CommandLine;
using System.Text.Json.Nodes;
using GovChain.Client;
using GovChain.Client.Import;
using GovChain.Core.Cryptography;
using Spectre.Console;

namespace GovChain.Node.Commands;

/// <summary><c>govchain import</c>: a department's existing records.</summary>
internal static class ImportCommand
{
    private const int RefusedShownMax = 20;

    /// <summary>For the first question: long enough for a node that is being started again, short enough for an address that is
    /// wrong. Once the node has answered, the import has its own patience.</summary>
    private static readonly TimeSpan FirstPatience = TimeSpan.FromSeconds(30);

    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "NDJSON events (.ndjson, .jsonl), CSV (.csv) or Register Serialisation Format (.rsf)" };
        var type = new Option<string>("--type") { Description = "The record type", HelpName = "TYPE", Required = true };
        var format = new Option<ImportFormat?>("--format") { Description = "The file's format (default: by its name)" };
        var key = new Option<string?>("--key-column") { Description = "CSV: the column with the record's id", HelpName = "COLUMN" };
        var op = new Option<string?>("--op-column")
        {
            Description = "CSV: the column with register, amend or annul (default: every row registers)",
            HelpName = "COLUMN",
        };
        var state = new Option<string?>("--state")
        {
            Description = "File in which the import remembers what it did "
                + "(default: in your own data folder, one for each ledger, type, file and key)",
            HelpName = "FILE",
        };
        Option<bool> json = Output.JsonOption();
        var command = new Command("import",
            "Import a file's events as records. A file with one bad line is refused whole. Interrupted at any point and started "
            + "again, it goes on where it stopped and doubles nothing.") { file, type, format, key, op, state, json };
        ClientOptions options = new ClientOptions().AddNode(command).AddKey(command);
        command.SetAction(async (result, cancellation) =>
        {
            string path = result.GetRequiredValue(file);
            ImportFormat known = result.GetValue(format) ?? ImportFileReader.FormatOf(path)
                ?? throw new CommandException(ExitCode.Usage, $"{path}: the name tells no format; use --format.");
            CsvOptions? csv = result.GetValue(key) is { } column ? new CsvOptions(column, result.GetValue(op)) : null;
            ImportFile read = ImportFileReader.Read(path, known, csv);
            using LedgerClient client = options.Connect(result);
            TransactionFactory factory = await new NodePatience(FirstPatience, TimeProvider.System).AskAsync(
                stop => options.OpenFactoryAsync(result, client, stop),
                static e => Output.Error($"{e.Message} Trying again for {FirstPatience.TotalSeconds:F0} seconds; Ctrl-C ends it."), cancellation);
            string typeName = result.GetRequiredValue(type);
            string statePath = result.GetValue(state) ?? DefaultState(factory, typeName, read.Digest);
            using ImportState memory = ImportState.Open(statePath, factory.ChainId, typeName, read.Digest, factory.Signer);
            var importer = new Importer(client, factory, read, typeName, memory);
            ImportSummary summary = await RunAsync(importer, read, result.GetValue(json), cancellation);
            Report(read, summary, statePath, result.GetValue(json));
            return summary.Refused.Count == 0 ? ExitCode.Ok : ExitCode.ProblemsFound;
        });
        return command;
    }

    /// <summary>
    /// The same wherever the import is started and wherever the file lies, or an amendment could be made twice. An
    /// account without a home must say where.
    /// </summary>
    private static string DefaultState(TransactionFactory factory, string type, Digest digest)
    {
        string home = Environment.GetFolderPath(
            Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        if (home.Length == 0)
        {
            throw new CommandException(
                ExitCode.Usage, "This account has no home folder to remember the import in: name a file with --state.");
        }
        string name = $"{factory.ChainId.ToShortString()}-{type}-{digest.ToShortString()}-{factory.Signer.ToShortString()}.jsonl";
        return Path.Combine(home, "govchain", "imports", name);
    }

    private static async Task<ImportSummary> RunAsync(
        Importer importer, ImportFile file, bool quiet, CancellationToken cancellation)
    {
        if (quiet || Console.IsOutputRedirected)
            return await importer.RunAsync(null, cancellation);
        ImportSummary? summary = null;
        await AnsiConsole.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(async context =>
            {
                ProgressTask bar = context.AddTask(Markup.Escape(file.Name), maxValue: Math.Max(1, file.Events.Count));
                summary = await importer.RunAsync(p =>
                {
                    bar.Value = p.Committed + p.Refused;
                    bar.Description = Markup.Escape($"{file.Name}: {p.Committed} committed, {p.Refused} refused");
                }, cancellation);
            });
        return summary!;
    }

    private static void Report(ImportFile file, ImportSummary summary, string state, bool json)
    {
        if (json)
        {
            Output.Json(ToJson(file, summary));
            return;
        }
        Output.Line(Sentence(file, summary));
        foreach (ImportResult refused in summary.Refused.Take(RefusedShownMax))
            Output.Line($"  line {file.Events[refused.Event].Line}: {refused.Code}: {refused.Message}");
        if (summary.Refused.Count > RefusedShownMax)
            Output.Line($"  and {summary.Refused.Count - RefusedShownMax} more, all in {state}");
    }

    /// <summary>What this run did, told apart from what an earlier one had done.</summary>
    internal static string Sentence(ImportFile file, ImportSummary summary)
    {
        if (file.Events.Count == 0)
            return $"{file.Name}: nothing to import: there is no event in it";
        string kinds = $"({summary.Registered} registered, {summary.Amended} amended, {summary.Annulled} annulled)";
        string refused = $"{summary.Refused.Count} refused";
        if (summary.CommittedBefore == 0)
            return $"{file.Name}: {summary.Committed} on the ledger {kinds}, {refused}";
        return summary.CommittedBefore == summary.Committed
            ? $"{file.Name}: nothing new. All {summary.Committed} were already there from an earlier run {kinds}, {refused}"
            : $"{file.Name}: {summary.Committed - summary.CommittedBefore} new on the ledger, {summary.CommittedBefore} already there from an "
                + $"earlier run; together {summary.Committed} {kinds}, {refused}";
    }

    internal static JsonObject ToJson(ImportFile file, ImportSummary summary) => new()
    {
        ["file"] = file.Name,
        ["events"] = file.Events.Count,
        ["committed"] = summary.Committed,
        ["alreadyThere"] = summary.CommittedBefore,
        ["registered"] = summary.Registered,
        ["amended"] = summary.Amended,
        ["annulled"] = summary.Annulled,
        ["refused"] = new JsonArray([.. summary.Refused.Select(r => (JsonNode)new JsonObject
        {
            ["line"] = file.Events[r.Event].Line,
            ["code"] = r.Code,
            ["message"] = r.Message,
        })]),
    };
}
