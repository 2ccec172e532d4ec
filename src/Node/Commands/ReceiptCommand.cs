using System.CommandLine;
using System.Text.Json.Nodes;
using GovChain.Client;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Node.Signatures;

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
                Output.Json(ToJson(proven, failure));
            else if (proven is null)
                Output.Error($"NOT VALID: {path}: {failure!.Message}");
            else
                Print(path, proven);
            return proven is null ? ExitCode.VerificationFailed : ExitCode.Ok;
        });
        return command;
    }

    private static JsonObject ToJson(ProvenTransaction? proven, ReceiptFailure? failure) => proven is null
        ? new JsonObject { ["ok"] = false, ["failure"] = failure!.Kind.ToString(), ["message"] = failure.Message }
        : new JsonObject
        {
            ["ok"] = true,
            ["transactionId"] = proven.Transaction.Id.ToString(),
            ["height"] = proven.Header.Height,
            ["recordedAt"] = UtcTime.Format(proven.Header.TimestampMs),
            ["department"] = proven.Signer.Department,
            ["officer"] = proven.Signer.OfficerId,
        };

    private static void Print(string path, ProvenTransaction proven)
    {
        int quorum = proven.Validators.QuorumSize;
        Output.Line($"VALID: {path}");
        Output.Line($"  transaction {proven.Transaction.Id}, {proven.Transaction.Body.ActionCase.ToString().ToLowerInvariant()}");
        Output.Line($"  recorded on {UtcTime.Format(proven.Header.TimestampMs)} in block {proven.Header.Height} of {proven.Genesis.Body.NetworkName}");
        Output.Line(proven.Signer.OfficerId is { } officer
            ? $"  signed by officer {officer} of {proven.Signer.Department}"
            : $"  signed by the validator of {proven.Signer.Department}");
        Output.Line($"  certified by {quorum} of {proven.Validators.Count} departments");
    }
}
