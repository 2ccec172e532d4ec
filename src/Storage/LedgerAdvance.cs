using System.Globalization;
using System.IO.Hashing;
using System.Text;
using GovChain.Core.Cryptography;

namespace GovChain.Storage;

/// <summary>
/// That a snapshot carried the ledger on: the file <c>advanced</c> (docs/SPEC.md, "Directory"). Its text ends with a checksum,
/// for what it says decides whether a node may vote.
/// </summary>
/// <param name="From">The newest block of the ledger before.</param>
/// <param name="To">The newest block of the snapshot.</param>
public sealed record LedgerAdvance(DurableTip From, DurableTip To)
{
    /// <summary>The file's content.</summary>
    internal byte[] ToBytes()
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"{From.Height} {From.HeaderHash} {To.Height} {To.HeaderHash}");
        return Encoding.ASCII.GetBytes($"{text} {ChecksumOf(text)}\n");
    }

    /// <summary>Null for anything that <see cref="ToBytes"/> does not give.</summary>
    /// <param name="line">The content without the line feed.</param>
    internal static LedgerAdvance? TryParse(string line)
    {
        string[] parts = line.Split(' ');
        return parts.Length == 5 && parts[4] == ChecksumOf(line[..^(parts[4].Length + 1)])
            && TryParse(parts[0], parts[1]) is { } from && TryParse(parts[2], parts[3]) is { } to ? new LedgerAdvance(from, to) : null;
    }

    private static DurableTip? TryParse(string height, string hash) =>
        ulong.TryParse(height, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) && Digest.TryParseHex(hash, out Digest digest)
            ? new DurableTip(number, digest) : null;

    private static string ChecksumOf(string text) => XxHash64.HashToUInt64(Encoding.ASCII.GetBytes(text)).ToString("x16", CultureInfo.InvariantCulture);
}
