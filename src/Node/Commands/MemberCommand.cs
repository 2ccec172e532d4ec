using System.CommandLine;
using GovChain.Client;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Membership;
using GovChain.Node.Signatures;
using GovChain.Protos.V1;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Node.Commands;

/// <summary><c>govchain member</c>: the departments that vote, and how they change.</summary>
internal static class MemberCommand
{
    public static Command Create() => new("member",
        "Admit and remove departments and replace their validator keys: one proposes, a quorum of departments signs, anybody submits")
    {
        List(), MemberProposal.Create(), Sign(), Inspect(), Submit(),
    };

    private static Command List()
    {
        Option<bool> json = Output.JsonOption();
        var command = new Command("list", "Show which departments vote, with their validator keys, and which nodes observe") { json };
        ClientOptions options = new ClientOptions().AddNode(command);
        command.SetAction(async (result, cancellation) =>
        {
            using LedgerClient client = options.Connect(result);
            GetStatusResponse status = await client.GetStatusAsync(cancellation);
            MemberText.PrintMembers(status, result.GetValue(json));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Sign()
    {
        var path = new Argument<string>("FILE") { Description = "The proposed change; the signature is added to it" };
        var key = new Option<string>("--key")
        {
            Description = "An administrator's key; of the validator key that is to vote, that key: a file, or pkcs11:...",
            HelpName = "KEY",
            Required = true,
        };
        Option<string?> passphraseFile = KeyOptions.PassphraseFile();
        var alone = new Option<bool>("--unchecked") { Description = "Ask neither a node nor a genesis file whose key it is" };
        Option<string?> genesis = GenesisOption();
        Option<bool> json = Output.JsonOption();
        var command = new Command("sign",
            "Approve a proposed change for your department, after you have read it. A node that is named (--node, --profile) or, in the first "
            + "epoch, a genesis file says whose the key is; one that is no administrator's is refused. The change expires, and serves in the epoch "
            + "it was proposed in only.") { path, key, passphraseFile, alone, genesis, json };
        ClientOptions options = new ClientOptions().AddNode(command);
        command.SetAction(async (result, cancellation) =>
        {
            string file = result.GetRequiredValue(path);
            _ = Read(file);
            using ISigner signer = KeyOptions.Open(result.GetRequiredValue(key), result.GetValue(passphraseFile));
            using FileUpdate update = await FileUpdate.BeginAsync(file, MembershipFile.BytesMax, cancellation);
            MembershipFile read = Parse(file, update.Bytes);
            MembershipFile signed = read.With(signer.PublicKey, signer.Sign(read.SigningDigest));
            Source source = result.GetValue(alone) ? Source.None
                : await AskAsync(options, result, signed, result.GetValue(genesis), cancellation);
            if (source.Ledger?.Find(read.Change) is { } entry)
            {
                MemberText.PrintFound(entry, read.Change, result.GetValue(json));
                return ExitCode.Ok;
            }
            if (source.Refusal(read.Change) is { } refusal)
                throw new CommandException(refusal);
            ApprovalReview review = source.Review(signed);
            if (review.Useless.FirstOrDefault(u => u.Key == signer.PublicKey) is { Why: { } why })
            {
                throw new CommandException(ExitCode.Keys,
                    $"{file} is as it was: the signature would not count. It would be {why}.");
            }
            await update.ReplaceAsync(signed.ToBytes(), cancellation);
            MemberText.Print(file, signed, review, source.Name, result.GetValue(json));
            MemberText.PrintNext(file, signed, review, result.GetValue(json));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Inspect()
    {
        var path = new Argument<string>("FILE") { Description = "The proposed change" };
        Option<string?> genesis = GenesisOption();
        Option<bool> json = Output.JsonOption();
        var command = new Command("inspect",
            "Show what a change says, whose signatures it has and whose are missing, as a node or, in the first epoch, a genesis file "
            + "says. Ends with 8 unless all that is needed is known to be there.") { path, genesis, json };
        ClientOptions options = new ClientOptions().AddNode(command);
        command.SetAction(async (result, cancellation) =>
        {
            string file = result.GetRequiredValue(path);
            MembershipFile read = Read(file);
            Source source = await AskAsync(options, result, read, result.GetValue(genesis), cancellation);
            if (source.Ledger?.Find(read.Change) is { } entry)
            {
                MemberText.PrintFound(entry, read.Change, result.GetValue(json));
                return ExitCode.Ok;
            }
            ApprovalReview review = source.Review(read);
            MemberText.Print(file, read, review, source.Name, result.GetValue(json));
            if (source.Refusal(read.Change) is { } refusal)
                throw new CommandException(refusal);
            MemberText.PrintNext(file, read, review, result.GetValue(json));
            return review.IsEnough && !read.LacksNewKey ? ExitCode.Ok : ExitCode.VerificationFailed;
        });
        return command;
    }

    private static Command Submit()
    {
        var path = new Argument<string>("FILE") { Description = "The change with its signatures" };
        var yes = new Option<bool>("--yes")
        {
            Description = "Submit although fewer departments than make a quorum after the change are reached now",
        };
        Option<bool> json = Output.JsonOption();
        var command = new Command("submit",
            "Bring a signed change onto the ledger. Any officer may; the new set votes from the next block on. Signatures that do not count "
            + "are named and left out. Of a change that is on the ledger already it says where, and ends with 0.") { path, yes, json };
        ClientOptions options = new ClientOptions().AddNode(command).AddKey(command);
        command.SetAction(async (result, cancellation) =>
        {
            MembershipFile file = Read(result.GetRequiredValue(path));
            bool asJson = result.GetValue(json);
            using LedgerClient client = options.Connect(result);
            TransactionFactory factory = await options.OpenFactoryAsync(result, client, cancellation);
            MembershipLedger ledger = await MembershipLedger.AskAsync(client, file, cancellation);
            if (ledger.Find(file.Change) is { } before)
            {
                MemberText.PrintFound(before, file.Change, asJson);
                return ExitCode.Ok;
            }
            MembershipFile sent = Sufficient(result.GetRequiredValue(path), file, ledger);
            QuorumOutlook outlook = QuorumOutlook.After(await client.GetStatusAsync(cancellation), file.Change);
            if (!outlook.IsEnough && !result.GetValue(yes))
            {
                throw new CommandException(ExitCode.Refused,
                    $"Nothing was sent: the ledger would stop with this change. {outlook.Explain()} Bring the others up first, ask another node, or say --yes.");
            }
            MemberText.Warn(outlook, file.Change);
            try
            {
                TransactionOutcome outcome = await RecordCommand.SubmitAsync(
                    client, factory, b => b.ChangeMembership = sent.Action, cancellation);
                RecordCommand.PrintOutcome(outcome, MembershipFile.Describe(file.Change), asJson);
            }
            catch (LedgerClientException e) when (e.IsTransient || e.Reason == Rejection.NameOf(RejectionCode.OtherEpoch))
            {
                // Somebody else may have brought the same change meanwhile, and connections end with an epoch.
                if (await FindAgainAsync(client, file, cancellation) is not { } entry)
                    throw;
                MemberText.PrintFound(entry, file.Change, asJson);
            }
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>The change with the signatures that count.</summary>
    /// <exception cref="CommandException">They do not suffice, or the ledger would refuse the change whoever signed.</exception>
    private static MembershipFile Sufficient(string path, MembershipFile file, MembershipLedger ledger)
    {
        if (ledger.Refusal(file.Change) is { } refusal)
            throw new CommandException(refusal);
        ApprovalReview review = ledger.Review(file);
        foreach (UselessApproval useless in review.Useless)
            Output.Error($"Left out: a signature that does not count, {useless.Why}.");
        if (!review.IsEnough || file.LacksNewKey)
            throw new CommandException(MemberText.Insufficient(path, file, review));
        return file.Only(review.Approvers.Select(static a => a.Key));
    }

    /// <summary>The change's entry on the ledger; null where it is not there, or the node does not answer.</summary>
    private static async Task<MembershipEntry?> FindAgainAsync(LedgerClient client, MembershipFile file, CancellationToken cancellation)
    {
        for (int attempt = 0; attempt < 5; attempt++)
        {
            try
            {
                return (await MembershipLedger.AskAsync(client, file, cancellation)).Find(file.Change);
            }
            catch (LedgerClientException e) when (e.IsTransient)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), cancellation);
            }
        }
        return null;
    }

    private static MembershipFile Read(string path)
    {
        MembershipFile file = Parse(path, Files.Read(path, MembershipFile.BytesMax));
        foreach (string broken in file.Broken)
            Output.Error($"Left out: a signature of {broken} that is not over this change.");
        return file;
    }

    private static MembershipFile Parse(string path, byte[] bytes)
    {
        using NodeVerifier signatures = NodeVerifier.ForFile();
        return MembershipFile.TryRead(bytes, signatures.Verifier, out string? problem)
            ?? throw new CommandException(ExitCode.VerificationFailed, $"{path} is no proposed change: {problem}.");
    }

    /// <summary>What is at hand to say whose the signatures are.</summary>
    private static async Task<Source> AskAsync(
        ClientOptions options, ParseResult result, MembershipFile file, string? genesisPath, CancellationToken cancellation)
    {
        if (genesisPath is null)
        {
            if (options.NodeOf(result) is null)
                return Source.None;
            using LedgerClient client = options.Connect(result);
            MembershipLedger ledger = await MembershipLedger.AskAsync(client, file, cancellation);
            return new Source($"the ledger at block {ledger.Height}", ledger.Review, ledger.Refusal) { Ledger = ledger };
        }
        Genesis genesis = GenesisCommand.Read(genesisPath).Genesis;
        if (genesis.ChainId != file.ChainId)
            throw new CommandException(ExitCode.Usage, $"The change is of the ledger {file.ChainId}; {genesisPath} is of {genesis.ChainId}.");
        if (file.Change.Epoch != 0)
        {
            throw new CommandException(ExitCode.Usage,
                $"The change is of epoch {file.Change.Epoch}, and a genesis file knows those of epoch 0 only. Name a node (--node, --profile).");
        }
        return new Source(
            "the genesis file; who was enrolled or revoked since only a node knows", f => ApprovalReview.ByGenesis(f, genesis), Expiry);
    }

    /// <summary>All that can be said of a change without a ledger, by this machine's clock.</summary>
    private static Rejection? Expiry(MembershipChange change) =>
        MembershipRules.CheckExpiry(change, (ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());

    private static Option<string?> GenesisOption() => new("--genesis")
    {
        Description = "The genesis file, where no node is at hand; for a change of epoch 0",
        HelpName = "FILE",
    };

    /// <summary>Who says whose the signatures are.</summary>
    private sealed record Source(string Name, Func<MembershipFile, ApprovalReview> Review, Func<MembershipChange, Rejection?> Refusal)
    {
        public static Source None { get; } = new("", ApprovalReview.ByFile, Expiry);

        public MembershipLedger? Ledger { get; init; }
    }
}
