using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace GovChain.Node.Configuration;

/// <summary>
/// Reads the members of one JSON object and gathers what is wrong with them, so that an operator sees every problem at
/// once. A member that nobody asked for is a problem too.
/// </summary>
internal sealed class ConfigurationSection(
    JsonElement element, string path, string directory, List<ConfigurationProblem> problems)
{
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    /// <summary>Text of at least one character; empty after a problem.</summary>
    public string Text(string name, Func<string, bool>? rule = null, string expected = "text is expected")
    {
        if (Find(name, JsonValueKind.String) is not { } member)
            return Missing(name, expected);
        string text = member.GetString()!;
        if (text.Length == 0 || rule?.Invoke(text) == false)
            Problem(name, $"\"{text}\": {expected}.");
        return text;
    }

    /// <summary>As <see cref="Text"/>, null where the member is not there.</summary>
    public string? OptionalText(string name, Func<string, bool>? rule = null, string expected = "text is expected") =>
        Has(name) ? Text(name, rule, expected) : null;

    /// <summary>A path, made absolute: relative ones are relative to the file's folder.</summary>
    public string FilePath(string name, bool mustExist)
    {
        string text = Text(name, path => !path.Contains('\0'), "a path is expected");
        if (text.Contains('\0'))
            return directory;
        string full = Path.GetFullPath(text.Length == 0 ? "." : text, directory);
        if (mustExist && text.Length > 0 && !File.Exists(full))
            Problem(name, $"there is no file {full}.");
        return full;
    }

    /// <summary>As <see cref="FilePath"/>, null where the member is not there.</summary>
    public string? OptionalFilePath(string name, bool mustExist) => Has(name) ? FilePath(name, mustExist) : null;

    /// <summary>An address to listen at: IP:PORT, [IPv6]:PORT, or *:PORT for every address.</summary>
    public IPEndPoint Listen(string name, bool loopbackOnly)
    {
        const string Expected = "an address to listen at is expected, as 127.0.0.1:8443, [::1]:8443 or *:8443";
        string text = Text(name, expected: Expected);
        string address = text.StartsWith("*:", StringComparison.Ordinal) ? "0.0.0.0" + text[1..] : text;
        // Without brackets the last group of an IPv6 address would pass for a port, or for none.
        if (!IPEndPoint.TryParse(address, out IPEndPoint? endPoint)
            || (endPoint.AddressFamily == AddressFamily.InterNetworkV6) != text.StartsWith('[')
            || (endPoint.Port == 0 && !text.EndsWith(":0", StringComparison.Ordinal)))
        {
            if (text.Length > 0)
                Problem(name, $"\"{text}\": {Expected}.");
            return new IPEndPoint(IPAddress.Loopback, 0);
        }
        if (loopbackOnly && !IPAddress.IsLoopback(endPoint.Address))
            Problem(name, $"\"{text}\": this listener is not protected; only a loopback address is allowed, as 127.0.0.1:9443.");
        return endPoint;
    }

    /// <summary>A whole number within bounds, or the default where the member is not there.</summary>
    public long Number(string name, long defaultValue, long least, long most)
    {
        if (!Has(name))
            return defaultValue;
        if (Find(name, JsonValueKind.Number) is not { } member)
            return defaultValue;
        if (member.TryGetInt64(out long value) && value >= least && value <= most)
            return value;
        Problem(name, string.Create(
            CultureInfo.InvariantCulture, $"{member}: a whole number from {least} to {most} is expected."));
        return defaultValue;
    }

    /// <summary>A nested object; an empty one where the member is not there.</summary>
    public ConfigurationSection Section(string name)
    {
        JsonElement nested = Has(name) && Find(name, JsonValueKind.Object) is { } found
            ? found : JsonDocument.Parse("{}").RootElement;
        return new ConfigurationSection(nested, PathOf(name), directory, problems);
    }

    /// <summary>An object of texts.</summary>
    public IReadOnlyDictionary<string, string> Texts(string name, Func<string, string, string?> problemOf)
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        if (!Has(name) || Find(name, JsonValueKind.Object) is not { } nested)
            return texts;
        foreach (JsonProperty member in nested.EnumerateObject())
        {
            string? text = member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString() : null;
            if (text is null)
                problems.Add(new ConfigurationProblem($"{PathOf(name)}.{member.Name}", "text is expected."));
            else if (problemOf(member.Name, text) is { } problem)
                problems.Add(new ConfigurationProblem($"{PathOf(name)}.{member.Name}", problem));
            else
                texts[member.Name] = text;
        }
        return texts;
    }

    /// <summary>An array of texts; empty where the member is not there.</summary>
    public IReadOnlyList<string> TextList(string name, int most)
    {
        if (!Has(name) || Find(name, JsonValueKind.Array) is not { } array)
            return [];
        if (array.GetArrayLength() > most)
            Problem(name, $"at most {most} are expected.");
        var texts = new List<string>();
        foreach (JsonElement item in array.EnumerateArray())
        {
            if (item.ValueKind == JsonValueKind.String && item.GetString() is { Length: > 0 } text)
                texts.Add(text);
            else
                Problem(name, "every item must be text.");
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

    private string Missing(string name, string expected)
    {
        if (!Has(name))
            Problem(name, $"the setting is missing; {expected}.");
        return "";
    }

    private string PathOf(string name) => path.Length == 0 ? name : $"{path}.{name}";
}
