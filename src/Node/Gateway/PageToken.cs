using System.Buffers.Text;
using System.Globalization;
using System.Text;
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
