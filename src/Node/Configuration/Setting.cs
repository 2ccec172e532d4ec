using System.Globalization;

namespace GovChain.Node.Configuration;

/// <summary>
/// One setting of the configuration file: what the reader checks by, what the documents, <c>check-config --explain</c>
/// and the example file say.
/// </summary>
/// <param name="Path">Where it stands, for example pool.bytesMax.</param>
internal abstract record Setting(string Path)
{
    /// <summary>What it is for, a phrase.</summary>
    public required string Meaning { get; init; }

    /// <summary>An example of a value, as JSON.</summary>
    public required string Example { get; init; }

    /// <summary>Unit of the value; empty where it has none.</summary>
    public string Unit { get; init; } = "";

    /// <summary>The file is refused without it.</summary>
    public bool IsRequired { get; init; }

    /// <summary>When a change of it takes effect.</summary>
    public string TakesEffect { get; init; } = "restart";

    /// <summary>What holds where it is left out, for people.</summary>
    public string Default { get; init; } = "none";

    /// <summary>Which values are taken, for people.</summary>
    public abstract string Constraint { get; }

    /// <summary>Its name within its section.</summary>
    public string Name => Path[(Path.LastIndexOf('.') + 1)..];

    /// <summary>The section it stands in; empty for the file's own members.</summary>
    public string Section => Path.Contains('.') ? Path[..Path.LastIndexOf('.')] : "";

    /// <summary>A number as people read it.</summary>
    protected static string Show(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}

/// <summary>Text under a rule.</summary>
internal sealed record TextSetting(string Path, Func<string, bool> Rule, string Expected) : Setting(Path)
{
    /// <inheritdoc/>
    public override string Constraint => Expected;
}

/// <summary>The path of a file or directory; relative ones are relative to the configuration file.</summary>
internal sealed record PathSetting(string Path, bool MustExist) : Setting(Path)
{
    /// <inheritdoc/>
    public override string Constraint => MustExist ? "an existing file" : "a path; made where it is missing";
}

/// <summary>The PKCS#11 URI of a key in a token.</summary>
internal sealed record TokenKeySetting(string Path) : Setting(Path)
{
    /// <inheritdoc/>
    public override string Constraint => "a PKCS#11 URI (RFC 7512) without a PIN";
}

/// <summary>An address to listen at.</summary>
internal sealed record ListenSetting(string Path, bool LoopbackOnly) : Setting(Path)
{
    /// <inheritdoc/>
    public override string Constraint =>
        LoopbackOnly ? "`IP:PORT` or `[IPv6]:PORT` of the loopback" : "`IP:PORT`, `[IPv6]:PORT` or `*:PORT`";
}

/// <summary>A whole number within bounds.</summary>
internal sealed record NumberSetting(string Path, long DefaultValue, long Least, long Most) : Setting(Path)
{
    /// <inheritdoc/>
    public override string Constraint => $"{Show(Least)} to {Show(Most)}";
}

/// <summary>A fraction from 0 to 1.</summary>
internal sealed record FractionSetting(string Path, double DefaultValue) : Setting(Path)
{
    /// <inheritdoc/>
    public override string Constraint => "0 to 1";
}

/// <summary>One of the names of an enumeration, in any case.</summary>
internal sealed record ChoiceSetting<T>(string Path, T DefaultValue) : Setting(Path)
    where T : struct, Enum
{
    /// <inheritdoc/>
    public override string Constraint => $"one of {string.Join(", ", Enum.GetNames<T>())}";
}

/// <summary>A list of texts.</summary>
internal sealed record ListSetting(string Path, int Most, Func<string, string?> ProblemOf, string Expected) : Setting(Path)
{
    /// <inheritdoc/>
    public override string Constraint => $"at most {Most}; {Expected}";
}

/// <summary>An object of texts.</summary>
internal sealed record MapSetting(string Path, Func<string, string, string?> ProblemOf, string Expected) : Setting(Path)
{
    /// <inheritdoc/>
    public override string Constraint => Expected;
}
