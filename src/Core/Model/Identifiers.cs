namespace GovChain.Core.Model;

/// <summary>The alphabets of identifiers (docs/SPEC.md, "Identifiers"). Comparison is ordinal, nothing is folded.</summary>
public static class Identifiers
{
    /// <summary>1 to 32 of [a-z0-9-], beginning with a letter.</summary>
    public static bool IsDepartment(string id) => IsSlug(id, Limits.DepartmentIdMax);

    /// <summary>1 to 64 of [a-z0-9-], beginning with a letter.</summary>
    public static bool IsType(string id) => IsSlug(id, Limits.TypeMax);

    /// <summary>1 to 128 of [A-Za-z0-9._:@+~-]; not "." or "..", which web clients fold away.</summary>
    public static bool IsRecordId(string id) =>
        All(id, Limits.RecordIdMax, static c => char.IsAsciiLetterOrDigit(c) || "._:@+~-".Contains(c))
        && id is not ("." or "..");

    /// <summary>1 to 64 of [A-Za-z0-9._-].</summary>
    public static bool IsOfficer(string id) =>
        All(id, Limits.OfficerIdMax, static c => char.IsAsciiLetterOrDigit(c) || "._-".Contains(c));

    /// <summary>1 to 64 of [a-z0-9.-].</summary>
    public static bool IsNetworkName(string name) =>
        All(name, 64, static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '-');

    /// <summary>2 to 35 of [A-Za-z0-9-]: the shape of a BCP 47 tag.</summary>
    public static bool IsLanguage(string tag) =>
        tag.Length >= 2 && All(tag, 35, static c => char.IsAsciiLetterOrDigit(c) || c is '-');

    /// <summary>YYYY, YYYY-MM or YYYY-MM-DD of a real date in the Gregorian calendar, from year 0001.</summary>
    public static bool IsDate(string date)
    {
        if (date.Length is not (4 or 7 or 10) || Number(date, 0, 4) is not > 0)
            return false;
        if (date.Length == 4)
            return true;
        if (date[4] != '-' || Number(date, 5, 2) is not (>= 1 and <= 12))
            return false;
        return date.Length == 7
            || (date[7] == '-' && Number(date, 8, 2) is >= 1 and int day
                && day <= DaysInMonth(Number(date, 0, 4), Number(date, 5, 2)));
    }

    private static bool IsSlug(string id, int max) =>
        All(id, max, static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-')
        && char.IsAsciiLetterLower(id[0]);

    private static bool All(string text, int max, Func<char, bool> allowed)
    {
        if (text.Length == 0 || text.Length > max)
            return false;
        foreach (char c in text)
        {
            if (!allowed(c))
                return false;
        }
        return true;
    }

    /// <summary>The digits' value, or -1 where one is no digit.</summary>
    private static int Number(string text, int start, int count)
    {
        int value = 0;
        for (int i = start; i < start + count; i++)
        {
            if (!char.IsAsciiDigit(text[i]))
                return -1;
            value = value * 10 + (text[i] - '0');
        }
        return value;
    }

    private static int DaysInMonth(int year, int month) => month switch
    {
        2 => year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28,
        4 or 6 or 9 or 11 => 30,
        _ => 31,
    };
}
