using System.Globalization;
using System.Text;

namespace GovChain.Core.Merkle;

/// <summary>
/// The names of tiles in C2SP tlog-tiles: tile/L/N[.p/W], the index N in groups of three digits, all but the last
/// after an x, as in tile/0/x001/x234/067. Each tile has exactly one name, and only that is read.
/// </summary>
public static class TilePath
{
    private const string Root = "tile/";
    private const string PartialMark = ".p/";
    private const int GroupDigits = 3;
    private const ulong GroupValues = 1000;

    /// <summary>tile/L/N for a full tile (width 256), tile/L/N.p/W for a partial one (width 1 to 255).</summary>
    public static string Format(TileId tile, int width) =>
        string.Create(CultureInfo.InvariantCulture, $"{Root}{tile.Level}/{FormatIndex(tile.Index, width)}");

    /// <summary>N[.p/W] alone, as it also ends the names of entry bundles.</summary>
    public static string FormatIndex(ulong index, int width)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(width, LogTiles.Width);
        var path = new StringBuilder(Group(index % GroupValues));
        for (ulong rest = index / GroupValues; rest != 0; rest /= GroupValues)
            path.Insert(0, $"x{Group(rest % GroupValues)}/");
        if (width < LogTiles.Width)
            path.Append(CultureInfo.InvariantCulture, $"{PartialMark}{width}");
        return path.ToString();
    }

    /// <summary>Reads what <see cref="Format"/> writes; anything else is refused.</summary>
    public static bool TryParse(ReadOnlySpan<char> path, out TileId tile, out int width)
    {
        tile = default;
        width = 0;
        if (!path.StartsWith(Root, StringComparison.Ordinal) || path.Length < Root.Length + 2)
            return false;
        path = path[Root.Length..];
        int level = path[0] - '0';
        if (level is < 0 or > LogTiles.LevelMax || path[1] != '/'
            || !TryParseIndex(path[2..], out ulong index, out width))
            return false;
        tile = new TileId((byte)level, index);
        return true;
    }

    /// <summary>Reads what <see cref="FormatIndex"/> writes; anything else is refused.</summary>
    public static bool TryParseIndex(ReadOnlySpan<char> path, out ulong index, out int width)
    {
        index = 0;
        width = LogTiles.Width;
        int mark = path.IndexOf(PartialMark, StringComparison.Ordinal);
        if (mark >= 0 && !TryParseWidth(path[(mark + PartialMark.Length)..], out width))
            return false;
        ReadOnlySpan<char> groups = mark >= 0 ? path[..mark] : path;
        for (bool first = true; ; first = false)
        {
            bool more = !groups.IsEmpty && groups[0] == 'x';
            if (more)
                groups = groups[1..];
            if (groups.Length < GroupDigits || !TryParseDigits(groups[..GroupDigits], out int value)
                || (first && more && value == 0)
                || index > (ulong.MaxValue - (ulong)value) / GroupValues)
                return false;
            index = index * GroupValues + (ulong)value;
            groups = groups[GroupDigits..];
            if (!more)
                return groups.IsEmpty;
            if (groups.IsEmpty || groups[0] != '/')
                return false;
            groups = groups[1..];
        }
    }

    private static string Group(ulong value) => value.ToString("D3", CultureInfo.InvariantCulture);

    private static bool TryParseWidth(ReadOnlySpan<char> digits, out int width)
    {
        width = 0;
        return digits.Length is >= 1 and <= GroupDigits && digits[0] != '0' && TryParseDigits(digits, out width)
            && width < LogTiles.Width;
    }

    private static bool TryParseDigits(ReadOnlySpan<char> digits, out int value)
    {
        value = 0;
        foreach (char digit in digits)
        {
            if (!char.IsAsciiDigit(digit))
                return false;
            value = value * 10 + (digit - '0');
        }
        return true;
    }
}
