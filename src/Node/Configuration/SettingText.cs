using System.Globalization;
using System.Text;

namespace GovChain.Node.Configuration;

/// <summary>The settings as text: the table of the documents, and an example file.</summary>
internal static class SettingText
{
    /// <summary>What holds where a setting is left out.</summary>
    public static string DefaultOf(Setting setting) => setting switch
    {
        { IsRequired: true } => "required",
        NumberSetting n => n.DefaultValue.ToString("N0", CultureInfo.InvariantCulture),
        FractionSetting f => f.DefaultValue.ToString(CultureInfo.InvariantCulture),
        ChoiceSetting<Microsoft.Extensions.Logging.LogLevel> c => $"{c.DefaultValue}",
        ChoiceSetting<LogFormat> c => $"{c.DefaultValue}",
        ChoiceSetting<OtlpProtocol> c => $"{c.DefaultValue}",
        ChoiceSetting<Signatures.SignatureEngine> c => $"{c.DefaultValue}",
        _ => setting.Default,
    };

    /// <summary>The table of docs/CONFIGURATION.md.</summary>
    public static string Table()
    {
        var table = new StringBuilder("| setting | meaning | unit | default | constraint | a change takes effect |\n|--|--|--|--|--|--|\n");
        foreach (Setting s in Settings.All)
        {
            table.Append(CultureInfo.InvariantCulture,
                $"| `{s.Path}` | {s.Meaning} | {s.Unit} | {DefaultOf(s)} | {s.Constraint} | {s.TakesEffect} |\n");
        }
        return table.ToString();
    }

    /// <summary>
    /// A configuration file that can be used once the files it names exist: what is required is set, all else stands in
    /// comments with its default or an example.
    /// </summary>
    /// <param name="department">The department to write in; null: an example's.</param>
    public static string Example(string? department = null)
    {
        var text = new StringBuilder(
            "// A node's configuration. Comments and trailing commas are allowed. Relative paths are relative to this file.\n"
            + "// Check it with: govchain node check-config --config FILE\n{\n");
        string section = "";
        foreach (Setting s in Settings.All)
        {
            if (s.Section != section)
            {
                if (section.Length > 0)
                    text.Append("  },\n");
                section = s.Section;
                text.Append(CultureInfo.InvariantCulture, $"\n  \"{section}\": {{\n");
            }
            string indent = section.Length > 0 ? "    " : "  ";
            string unit = s.Unit.Length > 0 ? $", {s.Unit}" : "";
            text.Append(CultureInfo.InvariantCulture,
                $"{indent}// {Sentence(s.Meaning)} ({DefaultOf(s)}{unit}; {s.Constraint})\n");
            string value = ReferenceEquals(s, Settings.Department) && department is not null ? $"\"{department}\"" : s.Example;
            bool set = s.IsRequired || ReferenceEquals(s, Settings.KeyFile) || ReferenceEquals(s, Settings.PassphraseFile)
                || ReferenceEquals(s, Settings.AuthorityDirectory);
            text.Append(CultureInfo.InvariantCulture, $"{indent}{(set ? "" : "// ")}\"{s.Name}\": {value},\n");
        }
        return text.Append("  },\n}\n").ToString();
    }

    private static string Sentence(string meaning) => char.ToUpperInvariant(meaning[0]) + meaning[1..] + ".";
}
