using System.CommandLine;
using System.Text.Json.Nodes;
using GovChain.Client;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Node.Signatures;
using GovChain.Protos.V1;

namespace GovChain.Node.Commands;

/// <summary><c>govchain receipt</c>: proof for anybody, for ever.</summary>
internal static class ReceiptCommand
{
    public static Command Create() => new("receipt", "Fetch and verify receipts") { Get(), Verify() };

    private static Command Get()
    {
        var id = new Argument<string>("TXID") { Description = "The transaction id, 64 hexadecimal digits" };
        var output = new Option<string>("--output", "-o")
        {
            Description = "Where to write the receipt; \"-\": standard output",
            HelpName = "FILE",
            Required = true,
        };
        Option<bool> overwrite = OutputFile.OverwriteOption();
        var command = new Command("get", "Fetch the receipt of a committed transaction from a node") { id, output, overwrite };
        ClientOptions options = new ClientOptions().AddNode(command);
        command.SetAction(async (result, cancellation) =>
        {
            string txid = result.GetRequiredValue(id).ToLowerInvariant();
            if (!Digest.TryParseHex(txid, out _))
                throw new CommandException(ExitCode.Usage, $"{txid} is no transaction id: 64 hexadecimal digits are.");
            string path = result.GetRequiredValue(output);
            if (path != "-")
                OutputFile.RequireFree(path, result.GetValue(overwrite));
            using LedgerClient client = options.Connect(result);
            byte[] receipt = await client.GetReceiptAsync(txid, cancellation);
            if (path == "-")
            {
                using Stream stdout = Console.OpenStandardOutput();
                await stdout.WriteAsync(receipt, cancellation);
                return ExitCode.Ok;
            }
            await Files.WriteAsync(path, receipt, result.GetValue(overwrite), cancellation);
            Output.Line($"{path}: {receipt.Length} bytes");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Verify()
    {
        var file = new Argument<string>("FILE") { Description = "The receipt file" };
        var digest = new Option<string>("--genesis-digest")
        {
            Description = "The ledger's genesis digest, from a source you trust: 64 hexadecimal digits",
            HelpName = "HEX",
            Required = true,
        };
        Option<bool> json = Output.JsonOption();
        var command = new Command("verify",
            "Verify a receipt offline. Needs no node and trusts nobody: only the genesis digest must come from a source you trust.")
            { file, digest, json };
        command.SetAction(result =>
        {
            if (!Digest.TryParseHex(result.GetRequiredValue(digest), out Digest genesis))
                throw new CommandException(ExitCode.Usage, "--genesis-digest: 64 hexadecimal digits are expected.");
            string path = result.GetRequiredValue(file);
            byte[] bytes = Files.Read(path, ReceiptCodec.FileBytesMax);
            using NodeVerifier signatures = NodeVerifier.ForFile();
            ProvenTransaction? proven = ReceiptVerifier.Verify(bytes, genesis, signatures.Verifier, out ReceiptFailure? failure);
            if (result.GetValue(json))
                Output.Json(ToJson(bytes, proven, failure));
            else if (proven is null)
                Output.Error($"NOT VALID: {path}: {failure!.Message}");
            else
                Print(path, proven);
            return proven is null ? ExitCode.VerificationFailed : ExitCode.Ok;
        });
        return command;
    }

    /// <summary>Of a valid receipt its readable members, which are proven with the rest, and the status of the key that signed.</summary>
    private static JsonObject ToJson(byte[] receipt, ProvenTransaction? proven, ReceiptFailure? failure)
    {
        if (proven is null)
            return new JsonObject { ["ok"] = false, ["failure"] = failure!.Kind.ToString(), ["message"] = failure.Message };
        var said = new JsonObject { ["ok"] = true };
        foreach ((string name, JsonNode? value) in JsonNode.Parse(receipt)!["summary"]!.AsObject())
            said[name] = value?.DeepClone();
        if (proven.Signer.Interval is { } interval)
        {
            said["roles"] = new JsonArray([.. RolesOf(interval).Select(static r => (JsonNode)r)]);
            said["keySince"] = interval.FirstHeight;
            if (interval.LastHeight > 0)
                said["keyUntil"] = interval.LastHeight;
        }
        return said;
    }

    private static void Print(string path, ProvenTransaction proven)
    {
        int quorum = proven.Validators.QuorumSize;
        TransactionBody body = proven.Transaction.Body;
        Output.Line($"VALID: {path}");
        Output.Line($"  transaction {proven.Transaction.Id}, {body.ActionCase.ToString().ToLowerInvariant()}");
        foreach (string line in Record(body))
            Output.Line($"  {line}");
        Output.Line($"  recorded on {UtcTime.Format(proven.Header.TimestampMs)} in block {proven.Header.Height} of {proven.Genesis.Body.NetworkName}");
        Output.Line(proven.Signer.OfficerId is { } officer
            ? $"  signed by officer {officer} of {proven.Signer.Department}, {Status(proven.Signer.Interval!)}"
            : $"  signed by the validator of {proven.Signer.Department}");
        Output.Line($"  certified by {quorum} of {proven.Validators.Count} departments");
    }

    /// <summary>What it did to which record, and whether it holds by itself.</summary>
    private static IEnumerable<string> Record(TransactionBody body)
    {
        if (RecordActions.RecordOf(body) is not { } record)
            yield break;
        string name = $"{record.Type}/{record.Id}";
        if (RecordActions.VersionMadeBy(body) is { } made)
            yield return $"{name}, version {made.Version}";
        else if (RecordActions.ChangeOf(body) is { } change)
            yield return $"{name}, SUBMITTED for approval until {UtcTime.Format(change.ApproveUntilMs)}: it made no version, and whether one came of it another receipt says";
        else
            yield return name;
        if (RecordActions.ChangeOf(body) is { } given)
        {
            if (given.Receiver.Length > 0)
                yield return $"custody offered to {given.Receiver}";
            if (given.Payload?.Inline is { } content)
                yield return $"content: {content.Content.Length} bytes of {content.MediaType}, SHA-256 {Sha256.Hash(content.Content.Span)}";
            if (given.Reason.Length > 0)
                yield return $"reason: {Output.Value(given.Reason)}";
        }
        if ((body.Approve?.Submission ?? body.Refuse?.Submission) is { } submission)
            yield return $"decides on the submission {Convert.ToHexStringLower(submission.Span)}";
    }

    private static string Status(OfficerInterval interval) => $"{string.Join(" and ", RolesOf(interval))}; the key signs since block {interval.FirstHeight}"
        + (interval.LastHeight > 0 ? $" and signed for the last time in block {interval.LastHeight}" : "");

    private static IEnumerable<string> RolesOf(OfficerInterval interval) =>
        interval.Roles.Select(OfficerCommand.NameOf);
}
