using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Google.Protobuf;
using GovChain.Client;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Node.Membership;
using GovChain.Protos.V1;

namespace GovChain.Node.Commands;

/// <summary><c>govchain member</c>: the departments that vote, and how they change.</summary>
internal static class MemberCommand
{
    private const int DaysMax = 29;

    public static Command Create() => new("member",
        "Admit and remove departments and replace their validator keys: one proposes, a quorum of departments signs, anybody submits")
    {
        List(), Propose(), Sign(), Submit(),
    };

    private static Command List()
    {
        Option<bool> json = Output.JsonOption();
        var command = new Command("list", "Show which departments vote, and which nodes observe") { json };
        ClientOptions options = new ClientOptions().AddNode(command);
        command.SetAction(async (result, cancellation) =>
        {
            using LedgerClient client = options.Connect(result);
            GetStatusResponse status = await client.GetStatusAsync(cancellation);
            string[] observers = [.. status.Peers.Select(static p => p.Department).Concat([status.Department])
                .Where(d => !status.Validators.Contains(d)).Order(StringComparer.Ordinal)];
            if (result.GetValue(json))
            {
                Output.Json(new JsonObject
                {
                    ["epoch"] = status.Epoch,
                    ["height"] = status.Height,
                    ["quorum"] = status.Quorum,
                    ["validators"] = new JsonArray([.. status.Validators.Select(static v => (JsonNode)v)]),
                    ["observers"] = new JsonArray([.. observers.Select(static v => (JsonNode)v)]),
                });
                return ExitCode.Ok;
            }
            Output.Line($"Epoch {status.Epoch}: {status.Departments} departments vote, and {status.Quorum} make a quorum.");
            foreach (string department in status.Validators)
                Output.Line($"  {department}");
            foreach (string department in observers)
                Output.Line($"  {department} (observer: no vote)");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Propose() => new("propose", "Write the file that the departments sign; nothing happens yet")
    {
        Admit(), Remove(), ReplaceKey(),
    };

    private static Command Admit()
    {
        Option<string> key = ValidatorKey();
        var endpoint = new Option<string>("--endpoint") { Description = "Where its peer listener is", HelpName = "HOST:PORT", Required = true };
        var name = new Option<string?>("--name") { Description = "Its name for people (default: its id)", HelpName = "TEXT" };
        var administrators = new Option<string[]>("--administrator")
        {
            Description = "Its first administrator, as OFFICER=PUBLIC-KEY; one at least",
            HelpName = "SPEC",
            Required = true,
        };
        return Proposal("admit", "Propose that a department gets a vote. Its node runs as an observer before", [key, endpoint, name, administrators],
            (result, change) =>
            {
                change.Kind = (uint)MembershipKind.Admit;
                change.ValidatorKey = ParseKey("--validator-key", result.GetRequiredValue(key));
                change.Endpoint = result.GetRequiredValue(endpoint);
                change.Names.Add(new LocalizedText { Language = "en", Text = result.GetValue(name) ?? change.Department });
                change.Administrators.AddRange(
                    result.GetRequiredValue(administrators).Select(ParseAdministrator).OrderBy(static a => a.OfficerId, StringComparer.Ordinal));
            });
    }

    private static Command Remove() => Proposal(
        "remove", "Propose that a department loses its vote; its officers sign no more, its node may go on as an observer", [],
        static (_, change) => change.Kind = (uint)MembershipKind.Remove);

    private static Command ReplaceKey()
    {
        Option<string> key = ValidatorKey();
        return Proposal("replace-key", "Propose that a department votes with another key", [key], (result, change) =>
        {
            change.Kind = (uint)MembershipKind.ReplaceKey;
            change.ValidatorKey = ParseKey("--validator-key", result.GetRequiredValue(key));
        });
    }

    private static Command Proposal(
        string name, string description, IEnumerable<Option> more, Action<ParseResult, MembershipChange> fill)
    {
        var department = new Argument<string>("DEPARTMENT") { Description = "The department's id" };
        var reason = new Option<string>("--reason") { Description = "Why; it stands on the ledger", DefaultValueFactory = static _ => "" };
        var days = new Option<int>("--days")
        {
            Description = $"How long the departments may take to sign, 1 to {DaysMax}",
            DefaultValueFactory = static _ => 7,
        };
        days.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > DaysMax)
                result.AddError($"--days: 1 to {DaysMax} is expected.");
        });
        var output = new Option<string>("--output", "-o") { Description = "Where to write the file", HelpName = "FILE", Required = true };
        Option<bool> json = Output.JsonOption();
        var command = new Command(name, description) { department, reason, days, output, json };
        foreach (Option option in more)
            command.Options.Add(option);
        ClientOptions options = new ClientOptions().AddNode(command);
        command.SetAction(async (result, cancellation) =>
        {
            string path = result.GetRequiredValue(output);
            if (File.Exists(path))
            {
                throw new CommandException(
                    ExitCode.Usage, $"{path} is there already, and may hold signatures. Name another file with --output, or remove it.");
            }
            using LedgerClient client = options.Connect(result);
            GetStatusResponse status = await client.GetStatusAsync(cancellation);
            var change = new MembershipChange
            {
                Epoch = status.Epoch,
                ExpiresAtMs = (ulong)DateTimeOffset.UtcNow.AddDays(result.GetValue(days)).ToUnixTimeMilliseconds(),
                Department = result.GetRequiredValue(department),
                Reason = result.GetValue(reason) ?? "",
            };
            fill(result, change);
            CheckAgainst(status, change);
            if (MembershipFields.CheckChange(change) is { } violation)
                throw new CommandException(ExitCode.Usage, $"The change is refused: {violation}");
            if (!Digest.TryParseHex(status.ChainId, out Digest chainId))
                throw new CommandException(ExitCode.Unavailable, $"The node at {client.Node} gave no chain id.");
            var file = new MembershipFile(chainId, new ChangeMembership { Change = change });
            await Files.WriteAsync(path, file.ToBytes(), cancellation);
            Print(path, file, result.GetValue(json));
            if (!result.GetValue(json))
            {
                Output.Line($"  next: administrators of {status.Quorum} departments sign it (govchain member sign)"
                    + (file.LacksNewKey ? ", and so does the new validator key" : ""));
            }
            if (change.Kind == (uint)MembershipKind.Remove && status.Departments <= 4)
            {
                Output.Error($"Note: {status.Departments - 1} departments will vote, and none of them may fail or lie without halting the ledger; "
                    + "at least 4 should.");
            }
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Sign()
    {
        var path = new Argument<string>("FILE") { Description = "The proposed change; the signature is added to it" };
        var key = new Option<string>("--key")
        {
            Description = "An administrator's key file; of the validator key that is to vote, that key file",
            HelpName = "FILE",
            Required = true,
        };
        Option<string?> passphraseFile = KeyOptions.PassphraseFile();
        Option<bool> json = Output.JsonOption();
        var command = new Command("sign",
            "Approve a proposed change for your department, after you have read it. No node is needed. The change expires, and "
            + "serves in the epoch it was proposed in only.") { path, key, passphraseFile, json };
        command.SetAction(async (result, cancellation) =>
        {
            string file = result.GetRequiredValue(path);
            MembershipFile read = Read(file);
            using PlatformSigner signer = KeyOptions.Open(result.GetRequiredValue(key), result.GetValue(passphraseFile));
            MembershipFile signed = read.With(signer.PublicKey, signer.Sign(read.SigningDigest));
            await Files.WriteAsync(file, signed.ToBytes(), cancellation);
            Print(file, signed, result.GetValue(json));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Submit()
    {
        var path = new Argument<string>("FILE") { Description = "The change with its signatures" };
        Option<bool> json = Output.JsonOption();
        var command = new Command("submit",
            "Bring a signed change onto the ledger. Any officer may; the new set votes from the next block on.") { path, json };
        ClientOptions options = new ClientOptions().AddNode(command).AddKey(command);
        command.SetAction(async (result, cancellation) =>
        {
            MembershipFile file = Read(result.GetRequiredValue(path));
            if (file.LacksNewKey)
            {
                throw new CommandException(ExitCode.Usage,
                    $"The key {Convert.ToHexStringLower(file.Change.ValidatorKey.Span)} has not signed yet: govchain member sign {result.GetRequiredValue(path)} --key VALIDATOR-KEY-FILE");
            }
            using LedgerClient client = options.Connect(result);
            TransactionFactory factory = await options.OpenFactoryAsync(result, client, cancellation);
            if (factory.ChainId != file.ChainId)
                throw new CommandException(ExitCode.Usage, $"The change is of the ledger {file.ChainId}; the node at {client.Node} is of {factory.ChainId}.");
            TransactionOutcome outcome = await RecordCommand.SubmitAsync(
                client, factory, b => b.ChangeMembership = file.Action, cancellation);
            RecordCommand.PrintOutcome(outcome, MembershipFile.Describe(file.Change), result.GetValue(json));
            return ExitCode.Ok;
        });
        return command;
    }

    private static MembershipFile Read(string path)
    {
        using var verifier = new PlatformSignatureVerifier();
        return MembershipFile.TryRead(Files.Read(path, MembershipFile.BytesMax), verifier, out string? problem)
            ?? throw new CommandException(ExitCode.VerificationFailed, $"{path} is no proposed change: {problem}.");
    }

    /// <summary>What the node knows already would be refused later, after everybody has signed.</summary>
    private static void CheckAgainst(GetStatusResponse status, MembershipChange change)
    {
        bool votes = status.Validators.Contains(change.Department);
        if (votes == (change.Kind == (uint)MembershipKind.Admit))
        {
            throw new CommandException(ExitCode.Usage, votes
                ? $"{change.Department} has a vote already."
                : $"{change.Department} has no vote; {string.Join(", ", status.Validators)} have.");
        }
        if (change.Kind == (uint)MembershipKind.Remove && status.Departments == 1)
            throw new CommandException(ExitCode.Usage, $"{change.Department} is the only department that votes.");
    }

    private static void Print(string path, MembershipFile file, bool json)
    {
        string expires = UtcTime.Format(file.Change.ExpiresAtMs);
        if (json)
        {
            Output.Json(new JsonObject
            {
                ["file"] = path,
                ["chainId"] = file.ChainId.ToString(),
                ["change"] = MembershipFile.Describe(file.Change),
                ["epoch"] = file.Change.Epoch,
                ["expiresAt"] = expires,
                ["approvals"] = new JsonArray([.. file.Action.Approvals.Select(static a => (JsonNode)Convert.ToHexStringLower(a.Signer.Span))]),
                ["newKeyHasSigned"] = file.Change.ValidatorKey.IsEmpty ? null : !file.LacksNewKey,
            });
            return;
        }
        Output.Line($"{path}: {MembershipFile.Describe(file.Change)}");
        Output.Line($"  ledger {file.ChainId}, epoch {file.Change.Epoch}, to be on it by {expires}");
        if (file.Change.Reason.Length > 0)
            Output.Line($"  reason {Output.Value(file.Change.Reason)}");
        Output.Line(string.Create(CultureInfo.InvariantCulture, $"  signed as administrators: {file.Action.Approvals.Count}")
            + (file.Change.ValidatorKey.IsEmpty ? "" : file.LacksNewKey ? ", not yet by the new validator key" : ", and by the new validator key"));
    }

    private static Option<string> ValidatorKey() => new("--validator-key")
    {
        Description = "The public key it is to vote with, as \"key new\" printed it; one that serves for nothing else",
        HelpName = "HEX",
        Required = true,
    };

    private static FirstAdministrator ParseAdministrator(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals > 0
            ? new FirstAdministrator { OfficerId = text[..equals], PublicKey = ParseKey("--administrator", text[(equals + 1)..]) }
            : throw new CommandException(ExitCode.Usage, $"--administrator {text}: OFFICER=PUBLIC-KEY is expected.");
    }

    private static ByteString ParseKey(string option, string hex) => PublicKey.TryParseHex(hex, out PublicKey? key)
        ? ByteString.CopyFrom(key.Span)
        : throw new CommandException(ExitCode.Usage, $"{option}: {hex} is no public key: 66 hexadecimal digits, as \"key new\" prints them.");
}
