using System.Text.Json;
using GovChain.Core.Cryptography;

namespace GovChain.Tests.Fuzzing;

/// <summary>What stands in <c>docs/vectors</c>.</summary>
internal static class Vectors
{
    /// <summary>The ledger that the transactions are signed for.</summary>
    public static Digest ChainId { get; } = new(Hex("transaction", "chainId"));

    /// <summary>The ledger of the receipts.</summary>
    public static Digest ReceiptGenesis { get; } = new(Hex("receipt", "genesisDigest"));

    public static string Text(string file, string member) => Read(file).GetProperty(member).GetString()!;

    public static byte[] Hex(string file, string member) => Convert.FromHexString(Text(file, member));

    public static IEnumerable<string> TextOfEach(string file, string list, string member) =>
        Read(file).GetProperty(list).EnumerateArray().Select(e => e.GetProperty(member).GetString()!);

    public static IEnumerable<byte[]> HexOfEach(string file, string list, string member) =>
        TextOfEach(file, list, member).Select(Convert.FromHexString);

    private static JsonElement Read(string file) => JsonSerializer.Deserialize<JsonElement>(
        File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "vectors", file + ".json")));
}

/// <summary>Inputs kept besides the vectors: what once failed, and what lies deep; a line of hexadecimal each.</summary>
internal static class Corpus
{
    public static IEnumerable<byte[]> Of(string target)
    {
        string path = Path.Combine(AppContext.BaseDirectory, "corpus", target + ".txt");
        return !File.Exists(path) ? [] : File.ReadLines(path)
            .Where(line => line.Length > 0 && line[0] != '#').Select(Convert.FromHexString);
    }
}
