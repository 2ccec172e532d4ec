using System.Globalization;
using System.Text.Json;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using Microsoft.Extensions.Logging;

namespace GovChain.Node.Configuration;

/// <summary>Reads a node's configuration file: JSON with comments, every problem reported at once.</summary>
internal static class ConfigurationReader
{
    private const int FileBytesMax = 256 * 1024;

    private static readonly JsonDocumentOptions Options = new()
    {
        AllowDuplicateProperties = false,
        AllowTrailingCommas = true,
        CommentHandling = JsonCommentHandling.Skip,
        MaxDepth = 8,
    };

    /// <summary>Reads and checks a file.</summary>
    /// <exception cref="ConfigurationException">It cannot be read, or at least one setting breaks its rule.</exception>
    public static NodeConfiguration Read(string file)
    {
        var problems = new List<ConfigurationProblem>();
        NodeConfiguration? configuration = null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(ReadAll(file), Options);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                problems.Add(new ConfigurationProblem("", "one JSON object is expected."));
            else
                configuration = Read(document.RootElement, Path.GetDirectoryName(Path.GetFullPath(file))!, problems);
        }
        catch (JsonException e)
        {
            problems.Add(new ConfigurationProblem("", $"no valid JSON: {e.Message}"));
        }
        catch (InvalidOperationException)
        {
            problems.Add(new ConfigurationProblem("", "a string is not valid Unicode."));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problems.Add(new ConfigurationProblem("", e.Message));
        }
        return problems.Count == 0 ? configuration! : throw new ConfigurationException(file, problems);
    }

    private static NodeConfiguration Read(JsonElement element, string directory, List<ConfigurationProblem> problems)
    {
        var root = new ConfigurationSection(element, "", directory, problems);
        ConfigurationSection peers = root.Section("peers");
        ConfigurationSection clients = root.Section("clients");
        ConfigurationSection administration = root.Section("administration");
        ConfigurationSection pool = root.Section("pool");
        var configuration = new NodeConfiguration
        {
            Department = root.Text("department", Identifiers.IsDepartment, "a department id is expected: a-z, 0-9 and -, at most 32"),
            DataDirectory = root.FilePath("dataDirectory", mustExist: false),
            GenesisFile = root.FilePath("genesisFile", mustExist: true),
            ExpectedGenesisDigest = DigestOf(root, "expectedGenesisDigest"),
            KeyFile = root.FilePath("keyFile", mustExist: true),
            PassphraseFile = root.OptionalFilePath("passphraseFile", mustExist: true),
            LogLevel = LogLevelOf(root),
            PeerListen = peers.Listen("listen", loopbackOnly: false),
            PeerEndpoints = peers.Texts("endpoints", EndpointProblem),
            ClientListen = clients.Listen("listen", loopbackOnly: false),
            CertificateFile = clients.OptionalFilePath("certificateFile", mustExist: true),
            CertificateKeyFile = clients.OptionalFilePath("certificateKeyFile", mustExist: true),
            AuthorityDirectory = clients.OptionalFilePath("authorityDirectory", mustExist: false),
            CertificateNames = NamesOf(clients),
            AnonymousRequestsPerSecond = (int)clients.Number("anonymousRequestsPerSecond", 1_000, 1, 1_000_000),
            AdministrationListen = administration.Listen("listen", loopbackOnly: true),
            PoolTransactionsMax = (int)pool.Number("transactionsMax", 50_000, 100, 1_000_000),
            PoolBytesMax = pool.Number("bytesMax", 64 * 1024 * 1024, 1024 * 1024, 4L * 1024 * 1024 * 1024),
        };
        CheckCertificate(clients, configuration);
        foreach (ConfigurationSection section in new[] { root, peers, clients, administration, pool })
            section.Finish();
        return configuration;
    }

    private static void CheckCertificate(ConfigurationSection clients, NodeConfiguration c)
    {
        bool given = c.CertificateFile is not null || c.CertificateKeyFile is not null;
        if (given == c.AuthorityDirectory is not null)
        {
            clients.Problem("certificateFile",
                "give either certificateFile and certificateKeyFile, or authorityDirectory for an authority that govchain makes.");
        }
        else if (given && (c.CertificateFile is null || c.CertificateKeyFile is null))
        {
            clients.Problem("certificateFile", "certificateFile and certificateKeyFile go together.");
        }
    }

    private static IReadOnlyList<string> NamesOf(ConfigurationSection clients)
    {
        IReadOnlyList<string> names = clients.TextList("certificateNames", 32);
        foreach (string name in names)
        {
            if (Uri.CheckHostName(name) == UriHostNameType.Unknown)
                clients.Problem("certificateNames", $"\"{name}\": a host name or an IP address is expected.");
        }
        return names;
    }

    private static Digest? DigestOf(ConfigurationSection root, string name)
    {
        string? hex = root.OptionalText(name, h => Digest.TryParseHex(h, out _), "64 hexadecimal digits are expected");
        return Digest.TryParseHex(hex, out Digest digest) ? digest : null;
    }

    private static LogLevel LogLevelOf(ConfigurationSection root)
    {
        string[] names = Enum.GetNames<LogLevel>();
        string? text = root.OptionalText("logLevel", t => names.Contains(t, StringComparer.OrdinalIgnoreCase),
            $"one of {string.Join(", ", names)} is expected");
        return Enum.TryParse(text, ignoreCase: true, out LogLevel level) ? level : LogLevel.Information;
    }

    private static string? EndpointProblem(string department, string endpoint)
    {
        if (!Identifiers.IsDepartment(department))
            return "this is no department id.";
        int colon = endpoint.LastIndexOf(':');
        return colon > 0 && Uri.CheckHostName(endpoint[..colon].Trim('[', ']')) != UriHostNameType.Unknown
            && ushort.TryParse(endpoint.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)
            && port > 0 && endpoint.Length <= Limits.EndpointMax
            ? null : $"\"{endpoint}\": HOST:PORT is expected.";
    }

    private static byte[] ReadAll(string file)
    {
        var info = new FileInfo(file);
        if (!info.Exists)
            throw new FileNotFoundException("there is no such file.");
        if (info.Length > FileBytesMax)
            throw new IOException($"the file is {info.Length} bytes long; at most {FileBytesMax} are read.");
        return File.ReadAllBytes(file);
    }
}
