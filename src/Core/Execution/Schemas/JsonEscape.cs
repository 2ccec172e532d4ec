using System.Text;

namespace GovChain.Core.Execution.Schemas;

/// <summary>The escapes in strings of RFC 8259.</summary>
internal static class JsonEscape
{
    private const int UnitLength = 6; // a backslash, u, four hexadecimal digits

    /// <summary>Reads the escape at the beginning of a text.</summary>
    /// <param name="text">Begins with a backslash.</param>
    /// <param name="utf8">Where to put what it stands for; at least as long as the text.</param>
    /// <param name="written">How many bytes that is, 1 to 4.</param>
    /// <returns>How many bytes the escape has; 0 if it is none, or half of a surrogate pair.</returns>
    public static int Read(ReadOnlySpan<byte> text, Span<byte> utf8, out int written)
    {
        written = 0;
        if (text.Length < 2)
            return 0;
        if (text[1] == 'u')
            return ReadUnicode(text, utf8, out written);
        utf8[0] = text[1] switch
        {
            (byte)'"' or (byte)'\\' or (byte)'/' => text[1],
            (byte)'b' => (byte)'\b',
            (byte)'f' => (byte)'\f',
            (byte)'n' => (byte)'\n',
            (byte)'r' => (byte)'\r',
            (byte)'t' => (byte)'\t',
            _ => 0,
        };
        written = 1;
        return utf8[0] == 0 ? 0 : 2;
    }

    private static int ReadUnicode(ReadOnlySpan<byte> text, Span<byte> utf8, out int written)
    {
        written = 0;
        if (ReadUnit(text) is not { } unit)
            return 0;
        if (Rune.TryCreate(unit, out Rune single))
        {
            written = single.EncodeToUtf8(utf8);
            return UnitLength;
        }
        if (ReadUnit(text[UnitLength..]) is not { } second || !Rune.TryCreate(unit, second, out Rune pair))
            return 0;
        written = pair.EncodeToUtf8(utf8);
        return 2 * UnitLength;
    }

    private static char? ReadUnit(ReadOnlySpan<byte> text)
    {
        if (text.Length < UnitLength || text[0] != '\\' || text[1] != 'u')
            return null;
        int value = 0;
        foreach (byte digit in text[2..UnitLength])
        {
            if (!char.IsAsciiHexDigit((char)digit))
                return null;
            value = value * 16 + (digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
        }
        return (char)value;
    }
}
