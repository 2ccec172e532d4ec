using System.CommandLine;
using System.Globalization;

namespace GovChain.Node.Commands;

/// <summary>Options that name a moment in UTC, to the second.</summary>
internal static class TimeOption
{
    /// <summary>How a moment is written.</summary>
    public const string Form = "YYYY-MM-DDTHH:MM:SSZ";

    /// <summary>An option that may be left away.</summary>
    public static Option<string?> Create(string name, string description) => new(name) { Description = description, HelpName = Form };

    /// <summary>The moment that an option names, in milliseconds since 1970; 0 where it is left away.</summary>
    /// <exception cref="CommandException">It is no moment after 1970, or should be to come and is not.</exception>
    public static ulong Read(ParseResult result, Option<string?> option, bool toCome) =>
        result.GetValue(option) is { } text ? Parse(option.Name, text, toCome) : 0;

    /// <inheritdoc cref="Read"/>
    public static ulong Parse(string name, string text, bool toCome) => DateTimeOffset.TryParseExact(
        text, "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time)
        && time > (toCome ? DateTimeOffset.UtcNow : DateTimeOffset.UnixEpoch)
        ? (ulong)time.ToUnixTimeMilliseconds()
        : throw new CommandException(ExitCode.Usage, $"{name} {text}: a moment {(toCome ? "to come " : "")}in UTC is expected, for example 2027-01-15T08:00:00Z.");
}
