using System.Text;
using GovChain.Core.Model;

namespace GovChain.Core.Execution.Schemas;

/// <summary>A form of strings that docs/SPEC.md describes character by character; what it cannot describe so is no format here.</summary>
/// <param name="Name">The argument of <c>format</c>.</param>
/// <param name="Words">For people, to be read after "must be".</param>
/// <param name="Holds">Judges a string's UTF-8.</param>
internal sealed record StringFormat(string Name, string Words, StringFormat.Judge Holds)
{
    /// <summary>Whether a string has the form.</summary>
    public delegate bool Judge(ReadOnlySpan<byte> utf8);

    private const int DateLength = 10, FractionDigitsMax = 9;

    /// <summary>All of them.</summary>
    public static IReadOnlyList<StringFormat> All { get; } =
    [
        new("date", "a real date, YYYY-MM-DD", IsDate),
        new("date-time", "a date and time, YYYY-MM-DDTHH:MM:SS with Z or +HH:MM behind it", IsDateTime),
        new("uuid", "a UUID, 8-4-4-4-12 hexadecimal digits", IsUuid),
    ];

    /// <summary>The format of a name, or null.</summary>
    public static StringFormat? Find(ReadOnlySpan<byte> name)
    {
        foreach (StringFormat format in All)
        {
            if (Encoding.UTF8.GetBytes(format.Name).AsSpan().SequenceEqual(name))
                return format;
        }
        return null;
    }

    private static bool IsDate(ReadOnlySpan<byte> utf8) => utf8.Length == DateLength && Identifiers.IsDate(Encoding.UTF8.GetString(utf8));

    /// <summary>date-time of RFC 3339 with T and Z as capitals, at most nine digits of a fraction, and no leap second, of which there is
    /// no list here.</summary>
    private static bool IsDateTime(ReadOnlySpan<byte> utf8)
    {
        const int timeLength = 9; // THH:MM:SS
        if (utf8.Length <= DateLength + timeLength || !IsDate(utf8[..DateLength]))
            return false;
        ReadOnlySpan<byte> time = utf8.Slice(DateLength, timeLength);
        if (time[0] != 'T' || !IsHourAndMinute(time[1..6]) || time[6] != ':' || TwoDigits(time[7..]) is not (>= 0 and <= 59))
            return false;
        ReadOnlySpan<byte> rest = utf8[(DateLength + timeLength)..];
        if (rest[0] == '.')
        {
            int digits = rest[1..].IndexOfAnyExceptInRange((byte)'0', (byte)'9');
            if (digits is < 1 or > FractionDigitsMax)
                return false;
            rest = rest[(digits + 1)..];
        }
        return rest.SequenceEqual("Z"u8) || (rest.Length == 6 && rest[0] is (byte)'+' or (byte)'-' && IsHourAndMinute(rest[1..]));
    }

    private static bool IsHourAndMinute(ReadOnlySpan<byte> text) =>
        TwoDigits(text) is >= 0 and <= 23 && text[2] == ':' && TwoDigits(text[3..]) is >= 0 and <= 59;

    /// <summary>The number that a text of two bytes or more begins with; -1 if these are no digits.</summary>
    private static int TwoDigits(ReadOnlySpan<byte> text) =>
        char.IsAsciiDigit((char)text[0]) && char.IsAsciiDigit((char)text[1]) ? (text[0] - '0') * 10 + (text[1] - '0') : -1;

    private static bool IsUuid(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length != 36)
            return false;
        for (int i = 0; i < utf8.Length; i++)
        {
            if (i is 8 or 13 or 18 or 23 ? utf8[i] != '-' : !char.IsAsciiHexDigit((char)utf8[i]))
                return false;
        }
        return true;
    }
}
