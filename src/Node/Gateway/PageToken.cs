using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Rpc;

namespace GovChain.Node.Gateway;

/// <summary>
/// Where a page ended. Says what the next one comes after, so that it stays good while records are added, across
/// restarts and on any node.
/// </summary>
internal static class PageToken
{
    private const string RecordPrefix = "r1:";
    private const string VersionPrefix = "v1:";
    private const string KeyPrefix = "k1:";

    /// <summary>After the record with this id.</summary>
    public static string AfterRecord(string recordId) => Encode(RecordPrefix + recordId);

    /// <summary>The id to go on after; null for the first page.</summary>
    public static string? ReadRecord(string token)
    {
        if (token.Length == 0)
            return null;
        string text = Decode(token);
        if (!text.StartsWith(RecordPrefix, StringComparison.Ordinal) || !Identifiers.IsRecordId(text[RecordPrefix.Length..]))
            throw Foreign();
        return text[RecordPrefix.Length..];
    }

    /// <summary>From the version on.</summary>
    public static string FromVersion(ulong version) =>
        Encode(VersionPrefix + version.ToString(CultureInfo.InvariantCulture));

    /// <summary>The version to go on from; 0 for the first page.</summary>
    public static ulong ReadVersion(string token)
    {
        if (token.Length == 0)
            return 0;
        string text = Decode(token);
        return text.StartsWith(VersionPrefix, StringComparison.Ordinal)
            && ulong.TryParse(text[VersionPrefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out ulong version)
            ? version
            : throw Foreign();
    }

    /// <summary>After this public key, 33 bytes.</summary>
    public static string AfterKey(ReadOnlySpan<byte> key) => Encode(KeyPrefix + Convert.ToHexStringLower(key));

    /// <summary>The public key to go on after, whether it is one or not; empty for the first page.</summary>
    public static byte[] ReadKey(string token)
    {
        if (token.Length == 0)
            return [];
        string text = Decode(token);
        byte[] key = new byte[PublicKey.Size];
        return text.StartsWith(KeyPrefix, StringComparison.Ordinal)
            && Convert.FromHexString(text.AsSpan(KeyPrefix.Length), key, out int read, out int written) == OperationStatus.Done
            && read == text.Length - KeyPrefix.Length && written == key.Length
            ? key
            : throw Foreign();
    }

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.ASCII.GetBytes(text));

    private static string Decode(string token)
    {
        if (!Base64Url.IsValid(token))
            throw Foreign();
        return Encoding.ASCII.GetString(Base64Url.DecodeFromChars(token));
    }

    private static LedgerRequestException Foreign() =>
        LedgerRequestException.InvalidArgument("page_token", "Give back what the page before ended with, unchanged.");
}
