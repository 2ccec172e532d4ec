using System.CommandLine;
using System.Text.Json.Nodes;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Accusations;
using GovChain.Storage;

namespace GovChain.Node.Commands;

/// <summary><c>govchain evidence</c>: who signed what no honest department signs both. All offline.</summary>
internal static class EvidenceCommand
{
    /// <summary>More than any file that somebody takes for evidence by mistake; evidence itself is far smaller.</summary>
    private const int FileBytesMax = 1024 * 1024;

    public static Command Create() =>
        new("evidence", "List and verify evidence against departments whose nodes broke the protocol; offline") { List(), Verify(), Fork() };

    private static Command List()
    {
        Option<string> data = DataOption();
        Option<string?> genesis = GenesisOption("default: genesis.json beside or above the directory");
        Option<bool> json = Output.JsonOption();
        var command = new Command("list",
            "List the evidence in a node's data directory, each piece verified. Ends with 1 if there is any or a file of it is damaged, "
            + "otherwise with 0.")
            { data, genesis, json };
        command.SetAction(result =>
        {
            string path = result.GetRequiredValue(data);
            Genesis ledger = GenesisCommand.Read(result.GetValue(genesis) ?? AuditCommand.FindGenesis(path)).Genesis;
            using DataDirectory directory = DataDirectory.OpenReadOnly(path);
            var store = EvidenceStore.Open(directory);
            EvidenceJudge judge = JudgeBeside(path, ledger);
            JsonObject[] pieces = [.. store.All.Select(e => ToJson(Path.Combine(path, "evidence", e.Id.ToString()), e, judge))];
            if (result.GetValue(json))
            {
                Output.Json(new JsonObject
                {
                    ["evidence"] = new JsonArray([.. pieces]),
                    ["damaged"] = new JsonArray([.. store.Damaged.Select(d => (JsonNode)d)]),
                });
            }
            else
            {
                foreach (Evidence e in store.All)
                    Print(e.Id.ToString(), e, judge);
                foreach (string damaged in store.Damaged)
                    Output.Line($"DAMAGED: {damaged} proves nothing; if it was evidence, other departments have it too");
                if (store.All.Count == 0)
                    Output.Line($"no evidence in {path}");
            }
            return store.All.Count + store.Damaged.Count == 0 ? ExitCode.Ok : ExitCode.ProblemsFound;
        });
        return command;
    }

    private static Command Verify()
    {
        var files = new Argument<string[]>("FILE")
        {
            Description = "Files of evidence, as they stand in the folder 'evidence' of a data directory",
            Arity = ArgumentArity.OneOrMore,
        };
        Option<string?> genesis = GenesisOption("from a source you trust");
        genesis.Required = true;
        var data = new Option<string?>("--data")
        {
            Description = "Anybody's data directory of this ledger, for evidence of times when other departments voted than the founders; "
                + "what it says of them is verified from the genesis on",
            HelpName = "DIR",
        };
        Option<bool> json = Output.JsonOption();
        var command = new Command("verify",
            "Verify evidence offline: that one department's validator key signed both votes, and that no honest node signs both.")
            { files, genesis, data, json };
        command.SetAction(result =>
        {
            Genesis ledger = GenesisCommand.Read(result.GetRequiredValue(genesis)!).Genesis;
            EvidenceJudge judge = result.GetValue(data) is { } path ? EvidenceJudge.OfLedger(ledger, path) : EvidenceJudge.OfFounders(ledger);
            var pieces = new List<JsonObject>();
            bool valid = true;
            foreach (string file in result.GetRequiredValue(files))
            {
                var evidence = Evidence.TryRead(Files.Read(file, FileBytesMax));
                valid &= evidence is not null && judge.FailureOf(evidence) is null;
                if (result.GetValue(json))
                    pieces.Add(ToJson(file, evidence, judge));
                else
                    Print(file, evidence, judge);
            }
            if (result.GetValue(json))
                Output.Json(new JsonObject { ["ok"] = valid, ["evidence"] = new JsonArray([.. pieces]) });
            return valid ? ExitCode.Ok : ExitCode.VerificationFailed;
        });
        return command;
    }

    private static Command Fork()
    {
        var directories = new Argument<string[]>("DIR")
        {
            Description = "Two nodes' data directories, or copies of them",
            Arity = new ArgumentArity(2, 2),
        };
        Option<string?> genesis = GenesisOption("default: genesis.json beside or above the first directory");
        var output = new Option<string?>("--output", "-o") { Description = "Also write the evidence found into this folder", HelpName = "DIR" };
        Option<bool> json = Output.JsonOption();
        var command = new Command("fork",
            "Compare two nodes' ledgers. If they hold different certified blocks at one height, name the departments that let it happen, "
            + "from the certificates and the justifications both nodes kept. Ends with 1 if they do.") { directories, genesis, output, json };
        command.SetAction(async (result, cancellation) =>
        {
            string[] two = [.. result.GetRequiredValue(directories).Select(static d => Path.TrimEndingDirectorySeparator(Path.GetFullPath(d)))];
            if (two[0] == two[1])
                throw new CommandException(ExitCode.Usage, $"{two[0]} is named twice. Name two departments' directories.");
            Genesis ledger = GenesisCommand.Read(result.GetValue(genesis) ?? AuditCommand.FindGenesis(two[0])).Genesis;
            ForkReport report = ForkSearch.Run(two[0], two[1], ledger);
            EvidenceJudge judge = JudgeBeside(two[0], ledger);
            if (result.GetValue(output) is { } folder && report.Guilty.Count > 0)
            {
                Directory.CreateDirectory(folder);
                foreach (Evidence e in report.Guilty) // named by their content: one that is there is the same
                    await Files.WriteAsync(Path.Combine(folder, e.Id.ToString()), e.ToBytes(), overwrite: true, cancellation);
            }
            if (result.GetValue(json))
            {
                Output.Json(new JsonObject
                {
                    ["fork"] = report.Height is not null,
                    ["compared"] = report.Common,
                    ["height"] = report.Height,
                    ["blocks"] = report.Height is null ? null : new JsonArray(report.First.ToString(), report.Second.ToString()),
                    ["evidence"] = new JsonArray([.. report.Guilty.Select(e => ToJson("", e, judge))]),
                });
            }
            else
                Print(report, judge);
            return report.Height is null ? ExitCode.Ok : ExitCode.ProblemsFound;
        });
        return command;
    }

    private static void Print(ForkReport report, EvidenceJudge judge)
    {
        if (report.Height is not { } height)
        {
            Output.Line($"NO FORK: both hold the same blocks up to height {report.Common}, where the shorter ends.");
            return;
        }
        Output.Line($"FORK at height {height}: {report.First} and {report.Second}");
        int guilty = report.Guilty.Select(static e => e.Signer).Distinct().Count();
        int expected = judge.GuiltyOfFork(height);
        Output.Line(guilty >= expected
            ? $"  {guilty} departments are proven to have broken the protocol; a fork takes {expected} or more"
            : $"  {guilty} departments are proven to have broken the protocol, of the {expected} or more that a fork takes: compare with "
                + "further directories, whose nodes may have kept the justifications that lack here");
        foreach (Evidence e in report.Guilty)
            Print(e.Id.ToString(), e, judge);
    }

    private static Option<string> DataOption() =>
        new("--data") { Description = "A node's data directory, of a stopped or a running node", HelpName = "DIR", Required = true };

    private static Option<string?> GenesisOption(string more) =>
        new("--genesis") { Description = $"The ledger's genesis file ({more})", HelpName = "FILE" };

    /// <summary>By the ledger in the directory; by the founders where it cannot be read, since the evidence can.</summary>
    private static EvidenceJudge JudgeBeside(string path, Genesis ledger)
    {
        try
        {
            return EvidenceJudge.OfLedger(ledger, path);
        }
        catch (StorageException e) when (e.Error != StorageError.ForeignChain)
        {
            return EvidenceJudge.OfFounders(ledger);
        }
    }

    private static JsonObject ToJson(string file, Evidence? e, EvidenceJudge judge)
    {
        string? failure = e is null ? "these are not the bytes of evidence" : judge.FailureOf(e);
        return new JsonObject
        {
            ["file"] = file,
            ["ok"] = failure is null,
            ["failure"] = failure,
            ["id"] = e?.Id.ToString(),
            ["department"] = e is null ? null : judge.DepartmentOf(e),
            ["kind"] = e is null ? null : EvidenceText.NameOf(e.Kind),
            ["height"] = e?.Height,
            ["text"] = e is null ? null : EvidenceText.Describe(e),
        };
    }

    private static void Print(string name, Evidence? e, EvidenceJudge judge)
    {
        string? failure = e is null ? "these are not the bytes of evidence" : judge.FailureOf(e);
        if (failure is not null)
        {
            Output.Line($"NOT VALID: {name}: {failure}");
            return;
        }
        Output.Line($"VALID: {name}");
        Output.Line($"  {judge.DepartmentOf(e!)} {EvidenceText.Describe(e!)}");
    }
}
