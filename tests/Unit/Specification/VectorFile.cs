using System.Text.Encodings.Web;
using System.Text.Json;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;

namespace GovChain.Tests.Unit.Specification;

/// <summary>A file of docs/vectors, and how what is in it is written there.</summary>
internal static class VectorFile
{
    private static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Compares the file with what follows from the code; a difference fails (see <see cref="Repository.Hold"/>).</summary>
    public static void Hold(string name, object content) =>
        Repository.Hold($"docs/vectors/{name}.json", JsonSerializer.Serialize(content, Format) + "\n");

    public static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);

    public static object Block(ExecutedBlock block) => new
    {
        header = Hex(block.Header.ToBytes()),
        hash = block.Header.Hash.ToString(),
        envelopes = block.Transactions.Select(t => Hex(t.Transaction.Envelope.Span)),
        state = States(block),
    };

    public static object[] States(ExecutedBlock block) =>
    [
        .. block.Changes.Select(change => new
        {
            key = Hex(change.Key.Span),
            treeKey = change.Key.TreeKey.ToString(),
            value = Hex(change.Value),
            valueDigest = Sha256.Hash(change.Value).ToString(),
        }),
    ];
}
