using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Verification;

/// <summary>
/// The receipt file: JSON with a fixed order of members, two spaces a level, one line end after the last brace
/// (docs/SPEC.md, "Receipt"). Hashes are lower-case hex, everything longer is base64, numbers are below 2^53.
/// </summary>
public static class ReceiptCodec
{
    /// <summary>The longest file that is read: a genesis body of 200 departments and a full envelope, in base64.</summary>
    public const int FileBytesMax = 2 * 1024 * 1024;

    private const string Format = "govchain-receipt-1";
    private const ulong NumberMax = (1UL << 53) - 1;

    private static readonly JsonWriterOptions Layout = new()
    {
        Indented = true,
        IndentSize = 2,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    /// <summary>The canonical file. The readable members are derived from what is proven.</summary>
    public static byte[] Write(Receipt receipt, ProvenTransaction proven)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(buffer, Layout))
        {
            json.WriteStartObject();
            json.WriteString("format", Format);
            WriteSummary(json, receipt, proven);
            json.WriteBase64String("genesisBody", receipt.GenesisBody.Span);
            json.WriteBase64String("envelope", receipt.Envelope.Span);
            json.WriteNumber("position", receipt.Position);
            WriteHashes(json, "inclusionPath", receipt.InclusionPath);
            WriteBlock(json, "block", receipt.Block);
            json.WriteStartObject("signer");
            json.WriteBase64String("value", receipt.Signer.Value.Span);
            WriteHashes(json, "path", receipt.Signer.Path);
            if (receipt.Signer.Later is { } later)
                WriteBlock(json, "laterBlock", later);
            json.WriteEndObject();
            json.WriteStartArray("epochs");
            foreach (EpochEnd end in receipt.Epochs)
                WriteEpoch(json, end);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return [.. buffer.WrittenSpan, (byte)'\n'];
    }

    /// <summary>
    /// Reads what a file says. Null with a failure where it is no receipt. The readable members are not looked at: they
    /// are compared when the file is compared with its canonical form.
    /// </summary>
    public static Receipt? TryRead(ReadOnlySpan<byte> file, out ReceiptFailure? failure)
    {
        failure = null;
        if (file.Length > FileBytesMax)
            return Fail(out failure, $"the file is longer than {FileBytesMax} bytes");
        try
        {
            using JsonDocument document = JsonDocument.Parse(file.ToArray(), Strict);
            JsonElement root = document.RootElement;
            if (Text(root, "format") is not Format)
                return Fail(out failure, $"its format is not {Format}");
            JsonElement signer = Member(root, "signer", JsonValueKind.Object);
            bool hasLater = signer.TryGetProperty("laterBlock", out _);
            return new Receipt(
                Bytes(root, "genesisBody"),
                Bytes(root, "envelope"),
                Number(root, "position"),
                Hashes(root, "inclusionPath", LogPathMax),
                Block(root, "block"),
                new SignerProof(Bytes(signer, "value"), Hashes(signer, "path", StatePathMax),
                    hasLater ? Block(signer, "laterBlock") : null),
                Epochs(root));
        }
        catch (JsonException e)
        {
            return Fail(out failure, JsonProblem.IsEmpty(e)
                ? $"it is empty; JSON of the format {Format} is expected" : $"it is no valid JSON: {JsonProblem.Explain(e).TrimEnd('.')}");
        }
        catch (FormException e)
        {
            return Fail(out failure, e.Message);
        }
        catch (InvalidOperationException)
        {
            return Fail(out failure, "a string is not UTF-8, or holds half of a surrogate pair");
        }
    }

    private const int LogPathMax = 64;
    private const int StatePathMax = 256;

    private static void WriteSummary(Utf8JsonWriter json, Receipt receipt, ProvenTransaction proven)
    {
        TransactionBody body = proven.Transaction.Body;
        json.WriteStartObject("summary");
        json.WriteString("network", proven.Genesis.Body.NetworkName);
        json.WriteString("chainId", proven.Genesis.ChainId.ToString());
        json.WriteString("transactionId", proven.Transaction.Id.ToString());
        json.WriteString("action", NameOf(body.ActionCase));
        if (RecordActions.RecordOf(body) is { } record)
            WriteRecord(json, body, record);
        json.WriteString("department", proven.Signer.Department);
        if (proven.Signer.OfficerId is { } officer)
            json.WriteString("officer", officer);
        json.WriteNumber("height", proven.Header.Height);
        json.WriteString("recordedAt", UtcTime.Format(proven.Header.TimestampMs));
        json.WriteEndObject();
    }

    /// <summary>Of a submission, until when it waits, as it made no version, and of a transfer for whom. Of who decided, what it was.</summary>
    private static void WriteRecord(Utf8JsonWriter json, TransactionBody body, RecordName record)
    {
        json.WriteString("type", record.Type);
        json.WriteString("recordId", record.Id);
        if (RecordActions.VersionMadeBy(body) is { } made)
            json.WriteNumber("version", made.Version);
        if (RecordActions.ChangeOf(body) is { ApproveUntilMs: > 0 } change)
        {
            json.WriteString("approveUntil", UtcTime.Format(change.ApproveUntilMs));
            if (change.Receiver.Length > 0)
                json.WriteString("receiver", change.Receiver);
        }
        if ((body.Approve?.Submission ?? body.Refuse?.Submission) is { } submission)
            json.WriteString("submission", Convert.ToHexStringLower(submission.Span));
        if ((body.Approve?.OnBehalfOf ?? body.Refuse?.OnBehalfOf) is { Length: > 0 } delegator)
            json.WriteString("onBehalfOf", delegator);
    }

    private static string NameOf(TransactionBody.ActionOneofCase action) =>
        JsonNamingPolicy.SnakeCaseLower.ConvertName(action.ToString());

    private static void WriteBlock(Utf8JsonWriter json, string name, CertifiedBlock block)
    {
        json.WriteStartObject(name);
        json.WriteBase64String("header", block.Header.ToBytes());
        json.WriteBase64String("certificate", block.Certificate.ToBytes());
        json.WriteEndObject();
    }

    private static void WriteHashes(Utf8JsonWriter json, string name, IReadOnlyList<Digest> hashes)
    {
        json.WriteStartArray(name);
        foreach (Digest hash in hashes)
            json.WriteStringValue(hash.ToString());
        json.WriteEndArray();
    }

    private static void WriteEpoch(Utf8JsonWriter json, EpochEnd end)
    {
        json.WriteStartObject();
        json.WriteString("department", end.Department);
        if (end.NewKey is { } key)
            json.WriteString("newKey", key.ToString());
        WriteBlock(json, "lastBlock", end.Block);
        json.WriteEndObject();
    }

    private static EpochEnd[] Epochs(JsonElement root)
    {
        JsonElement array = Member(root, "epochs", JsonValueKind.Array);
        if (array.GetArrayLength() > Limits.MembershipChangesMax)
            throw new FormException($"epochs has more than {Limits.MembershipChangesMax} entries");
        return [.. array.EnumerateArray().Select(static e => new EpochEnd(Block(e, "lastBlock"), Text(e, "department"), NewKey(e)))];
    }

    private static PublicKey? NewKey(JsonElement end)
    {
        if (!end.TryGetProperty("newKey", out _))
            return null;
        return PublicKey.TryParseHex(Text(end, "newKey"), out PublicKey? key) ? key : throw new FormException("newKey is no public key");
    }

    private static CertifiedBlock Block(JsonElement parent, string name)
    {
        JsonElement element = Member(parent, name, JsonValueKind.Object);
        BlockHeader header = BlockHeader.TryRead(Bytes(element, "header"))
            ?? throw new FormException($"the header of {name} is not in a known layout");
        Certificate certificate = Certificate.TryRead(Bytes(element, "certificate"))
            ?? throw new FormException($"the certificate of {name} is not in a known layout");
        return new CertifiedBlock(header, certificate);
    }

    private static Digest[] Hashes(JsonElement parent, string name, int max)
    {
        JsonElement array = Member(parent, name, JsonValueKind.Array);
        if (array.GetArrayLength() > max)
            throw new FormException($"{name} has more than {max} hashes");
        var hashes = new Digest[array.GetArrayLength()];
        int i = 0;
        foreach (JsonElement element in array.EnumerateArray())
        {
            string? hex = element.ValueKind == JsonValueKind.String ? element.GetString() : null;
            if (!Digest.TryParseHex(hex, out hashes[i++]))
                throw new FormException($"{name} holds something that is no hash");
        }
        return hashes;
    }

    private static byte[] Bytes(JsonElement parent, string name) =>
        Member(parent, name, JsonValueKind.String).TryGetBytesFromBase64(out byte[]? bytes)
            ? bytes : throw new FormException($"{name} is no base64");

    private static ulong Number(JsonElement parent, string name) =>
        Member(parent, name, JsonValueKind.Number).TryGetUInt64(out ulong number) && number <= NumberMax
            ? number : throw new FormException($"{name} is no whole number below 2^53");

    private static string Text(JsonElement parent, string name) =>
        Member(parent, name, JsonValueKind.String).GetString()!;

    private static JsonElement Member(JsonElement parent, string name, JsonValueKind kind) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement member) && member.ValueKind == kind
            ? member : throw new FormException($"{name} is missing or of another kind");

    private static Receipt? Fail(out ReceiptFailure? failure, string problem)
    {
        failure = new ReceiptFailure(ReceiptFailureKind.Malformed, $"The file is no receipt: {problem}.");
        return null;
    }

    private sealed class FormException(string message) : Exception(message);
}
