using System.Globalization;

namespace GovChain.Core.Model;

/// <summary>Ledger time for people: RFC 3339 in UTC, without a clock or a time zone table.</summary>
public static class UtcTime
{
    private const ulong DayMs = 86_400_000;

    /// <summary>The last millisecond of year 9999.</summary>
    public const ulong Max = 253_402_300_799_999;

    /// <summary>2026-11-23T18:58:50.000Z from UTC milliseconds since 1970; the number itself beyond year 9999.</summary>
    public static string Format(ulong milliseconds)
    {
        if (milliseconds > Max)
            return milliseconds.ToString(CultureInfo.InvariantCulture);
        // Civil from days (H. Hinnant, "chrono-compatible low-level date algorithms"), for dates from 1970 on.
        ulong days = milliseconds / DayMs + 719_468;
        ulong era = days / 146_097;
        ulong dayOfEra = days - era * 146_097;
        ulong yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
        ulong dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
        ulong monthFromMarch = (5 * dayOfYear + 2) / 153;
        ulong day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1;
        ulong month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
        ulong year = yearOfEra + era * 400 + (month <= 2 ? 1UL : 0);
        ulong time = milliseconds % DayMs;
        return string.Create(CultureInfo.InvariantCulture,
            $"{year:D4}-{month:D2}-{day:D2}T{time / 3_600_000:D2}:{time / 60_000 % 60:D2}:{time / 1_000 % 60:D2}.{time % 1_000:D3}Z");
    }
}
