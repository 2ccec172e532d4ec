using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using GovChain.Client;
using GovChain.Client.Keys.Tokens;

namespace GovChain.Node.Configuration;

/// <summary>
/// Reads the members of one JSON object and gathers what is wrong with them, so that an operator sees every problem at
/// once. A member that nobody asked for is a problem too.
/// </summary>
internal sealed class ConfigurationSection(
    JsonElement element, string path, string directory, List<ConfigurationProblem> problems)
{
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    /// <summary>Text of at least one character; null where the member is not there.</summary>
    public string? Text(TextSetting setting) => Text(setting, setting.Rule, setting.Expected + " is expected");

    /// <summary>A path, made absolute: relative ones are relative to the file's folder. Null where the member is not
    /// there.</summary>
    public string? FilePath(PathSetting setting)
    {
        if (Text(setting, path => !path.Contains('\0'), "a path is expected") is not { } text)
            return null;
        if (text.Contains('\0'))
            return directory;
        string full = Path.GetFullPath(text.Length == 0 ? "." : text, directory);
        if (setting.MustExist && text.Length > 0 && !File.Exists(full))
            Problem(setting.Name, $"there is no file {full}.");
        else if (setting.MustExist && text.Length > 0 && BoundedFile.Misfit(full) is { } kind)
            Problem(setting.Name, $"{full} is {kind} and no file.");
        return full;
    }

    /// <summary>The URI of a key in a token; null where the member is not there. A wrong one is not repeated: a PIN may be in it.</summary>
    public TokenUri? TokenKey(TokenKeySetting setting)
    {
        if (!Has(setting.Name) || Find(setting.Name, JsonValueKind.String) is not { } member)
            return null;
        try
        {
            return TokenUri.Parse(member.GetString()!);
        }
        catch (TokenException e)
        {
            Problem(setting.Name, e.Message);
            return null;
        }
    }

    /// <summary>An address to listen at: IP:PORT, [IPv6]:PORT, or *:PORT for every address.</summary>
    public IPEndPoint Listen(ListenSetting setting)
    {
        const string Expected = "an address to listen at is expected, as 127.0.0.1:8443, [::1]:8443 or *:8443";
        string text = Text(setting, static _ => true, Expected) ?? "";
        string address = text.StartsWith("*:", StringComparison.Ordinal) ? "0.0.0.0" + text[1..] : text;
        // Without brackets the last group of an IPv6 address would pass for a port, or for none.
        if (!IPEndPoint.TryParse(address, out IPEndPoint? endPoint)
            || (endPoint.AddressFamily == AddressFamily.InterNetworkV6) != text.StartsWith('[')
            || (endPoint.Port == 0 && !text.EndsWith(":0", StringComparison.Ordinal)))
        {
            if (text.Length > 0)
                Problem(setting.Name, $"\"{text}\": {Expected}.");
            return new IPEndPoint(IPAddress.Loopback, 0);
        }
        if (setting.LoopbackOnly && !IPAddress.IsLoopback(endPoint.Address))
        {
            Problem(setting.Name,
                $"\"{text}\": this listener is not protected; only a loopback address is allowed, as 127.0.0.1:9443.");
        }
        return endPoint;
    }

    /// <summary>A whole number within bounds, or the default where the member is not there.</summary>
    public long Number(NumberSetting setting)
    {
        if (!Has(setting.Name) || Find(setting.Name, JsonValueKind.Number) is not { } member)
            return setting.DefaultValue;
        if (member.TryGetInt64(out long value) && value >= setting.Least && value <= setting.Most)
            return value;
        Problem(setting.Name, string.Create(CultureInfo.InvariantCulture,
            $"{member}: a whole number from {setting.Least} to {setting.Most} is expected."));
        return setting.DefaultValue;
    }

    /// <summary>A number of milliseconds.</summary>
    public TimeSpan Milliseconds(NumberSetting setting) => TimeSpan.FromMilliseconds(Number(setting));

    /// <summary>A number from 0 to 1, or the default where the member is not there.</summary>
    public double Fraction(FractionSetting setting)
    {
        if (!Has(setting.Name) || Find(setting.Name, JsonValueKind.Number) is not { } member)
            return setting.DefaultValue;
        if (member.TryGetDouble(out double value) && value is >= 0 and <= 1)
            return value;
        Problem(setting.Name, $"{member}: a number from 0 to 1 is expected.");
        return setting.DefaultValue;
    }

    /// <summary>One of the enumeration's names, or the default where the member is not there.</summary>
    public T Choice<T>(ChoiceSetting<T> setting)
        where T : struct, Enum
    {
        string[] names = Enum.GetNames<T>();
        string? text = Text(setting, t => names.Contains(t, StringComparer.OrdinalIgnoreCase),
            $"one of {string.Join(", ", names)} is expected");
        return Enum.TryParse(text, ignoreCase: true, out T value) ? value : setting.DefaultValue;
    }

    /// <summary>A nested object; an empty one where the member is not there.</summary>
    public ConfigurationSection Section(string name)
    {
        JsonElement nested = Has(name) && Find(name, JsonValueKind.Object) is { } found
            ? found : JsonDocument.Parse("{}").RootElement;
        return new ConfigurationSection(nested, PathOf(name), directory, problems);
    }

    /// <summary>An object of texts.</summary>
    public IReadOnlyDictionary<string, string> Texts(MapSetting setting)
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        if (!Has(setting.Name) || Find(setting.Name, JsonValueKind.Object) is not { } nested)
            return texts;
        foreach (JsonProperty member in nested.EnumerateObject())
        {
            string? text = member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString() : null;
            if (text is null)
                problems.Add(new ConfigurationProblem($"{setting.Path}.{member.Name}", "text is expected."));
            else if (setting.ProblemOf(member.Name, text) is { } problem)
                problems.Add(new ConfigurationProblem($"{setting.Path}.{member.Name}", problem));
            else
                texts[member.Name] = text;
        }
        return texts;
    }

    /// <summary>An array of texts; empty where the member is not there.</summary>
    public IReadOnlyList<string> TextList(ListSetting setting)
    {
        if (!Has(setting.Name) || Find(setting.Name, JsonValueKind.Array) is not { } array)
            return [];
        if (array.GetArrayLength() > setting.Most)
            Problem(setting.Name, $"at most {setting.Most} are expected.");
        var texts = new List<string>();
        foreach (JsonElement item in array.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.String || item.GetString() is not { Length: > 0 } text)
                Problem(setting.Name, "every item must be text.");
            else if (setting.ProblemOf(text) is { } problem)
                Problem(setting.Name, $"\"{text}\": {problem}.");
            else
                texts.Add(text);
        }
        return texts;
    }

    /// <summary>Adds a problem of a member.</summary>
    public void Problem(string name, string problem) => problems.Add(new ConfigurationProblem(PathOf(name), problem));

    /// <summary>Reports the members that nobody asked for.</summary>
    public void Finish()
    {
        foreach (JsonProperty member in element.EnumerateObject())
        {
            if (!_known.Contains(member.Name))
            {
                problems.Add(new ConfigurationProblem(PathOf(member.Name),
                    $"there is no such setting; known here: {string.Join(", ", _known.Order(StringComparer.Ordinal))}."));
            }
        }
    }

    /// <summary>Whether the member is there.</summary>
    public bool Has(string name)
    {
        _known.Add(name);
        return element.TryGetProperty(name, out _);
    }

    private JsonElement? Find(string name, JsonValueKind kind)
    {
        if (!Has(name))
            return null;
        JsonElement member = element.GetProperty(name);
        if (member.ValueKind == kind)
            return member;
        Problem(name, $"{kind} is expected, this is {member.ValueKind}.");
        return null;
    }

    private string? Text(Setting setting, Func<string, bool> rule, string expected)
    {
        if (!Has(setting.Name))
        {
            if (setting.IsRequired)
                Problem(setting.Name, $"the setting is missing; {expected}.");
            return null;
        }
        if (Find(setting.Name, JsonValueKind.String) is not { } member)
            return null;
        string text = member.GetString()!;
        if (text.Length == 0 || !rule(text))
            Problem(setting.Name, $"\"{text}\": {expected}.");
        return text;
    }

    private string PathOf(string name) => path.Length == 0 ? name : $"{path}.{name}";
}
