using System.Net;
using System.Text.Json;
using GovChain.Client;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Node.Peers;

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
            problems.Add(new ConfigurationProblem("", JsonProblem.IsEmpty(e)
                ? "it is empty; one JSON object is expected, as \"node init-config\" writes it." : $"no valid JSON: {JsonProblem.Explain(e)}"));
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
        ConfigurationSection snapshots = root.Section("snapshots");
        ConfigurationSection selfAudit = root.Section("selfAudit");
        ConfigurationSection alarms = root.Section("alarms");
        ConfigurationSection telemetry = root.Section("telemetry");
        var configuration = new NodeConfiguration
        {
            Department = root.Text(Settings.Department) ?? "",
            DataDirectory = root.FilePath(Settings.DataDirectory) ?? "",
            GenesisFile = root.FilePath(Settings.GenesisFile) ?? "",
            ExpectedGenesisDigest = DigestOf(root),
            Key = ReadKey(root),
            PassphraseFile = root.FilePath(Settings.PassphraseFile),
            Role = root.Choice(Settings.Role),
            StopTimeout = root.Milliseconds(Settings.StopTimeoutMs),
            LogLevel = root.Choice(Settings.LogLevel),
            LogFormat = root.Choice(Settings.LogFormat),
            SignatureEngine = root.Choice(Settings.SignatureEngine),
            PeerListen = peers.Listen(Settings.PeerListen),
            PeerEndpoints = peers.Texts(Settings.PeerEndpoints),
            Observers = peers.Texts(Settings.Observers).ToDictionary(o => o.Key, o => ObserverAddress.TryParse(o.Value)!),
            Peers = ReadPeers(peers),
            ClientListen = clients.Listen(Settings.ClientListen),
            CertificateFile = clients.FilePath(Settings.CertificateFile),
            CertificateKeyFile = clients.FilePath(Settings.CertificateKeyFile),
            AuthorityDirectory = clients.FilePath(Settings.AuthorityDirectory),
            CertificateNames = clients.TextList(Settings.CertificateNames),
            AnonymousRequestsPerSecond = (int)clients.Number(Settings.AnonymousRequestsPerSecond),
            SubmissionsPerSecond = (int)clients.Number(Settings.SubmissionsPerSecond),
            ClientConnectionsMax = (int)clients.Number(Settings.ClientConnectionsMax),
            ClientConnectionsPerAddress = (int)clients.Number(Settings.ClientConnectionsPerAddress),
            ClientSubmissionsWaitingMax = (int)clients.Number(Settings.ClientSubmissionsWaitingMax),
            ClientStreamsMax = (int)clients.Number(Settings.ClientStreamsMax),
            AdministrationListen = administration.Listen(Settings.AdministrationListen),
            PoolTransactionsMax = (int)pool.Number(Settings.PoolTransactionsMax),
            PoolBytesMax = pool.Number(Settings.PoolBytesMax),
            SnapshotLagBlocks = snapshots.Number(Settings.SnapshotLagBlocks),
            SelfAuditBytesPerSecond = selfAudit.Number(Settings.SelfAuditBytesPerSecond),
            Alarms = new AlarmThresholds
            {
                DiskFreeBytesMin = alarms.Number(Settings.DiskFreeBytesMin),
                CertificateDaysMin = (int)alarms.Number(Settings.CertificateDaysMin),
                JournalSyncMax = alarms.Milliseconds(Settings.JournalSyncMsMax),
                PeerSilentMax = alarms.Milliseconds(Settings.PeerSilentMsMax),
                StalledMax = alarms.Milliseconds(Settings.StalledMsMax),
            },
            OtlpEndpoint = Uri.TryCreate(telemetry.Text(Settings.OtlpEndpoint), UriKind.Absolute, out Uri? uri) ? uri : null,
            OtlpProtocol = telemetry.Choice(Settings.OtlpProtocol),
            TraceSamplingRatio = telemetry.Fraction(Settings.TraceSamplingRatio),
        };
        CheckCertificate(clients, configuration);
        CheckListeners(clients, administration, configuration);
        CheckObservers(peers, configuration);
        foreach (ConfigurationSection section in new[] { root, peers, clients, administration, pool, snapshots, selfAudit, alarms, telemetry })
            section.Finish();
        return configuration;
    }

    /// <summary>The key's file, or its URI.</summary>
    private static string ReadKey(ConfigurationSection root)
    {
        string? file = root.FilePath(Settings.KeyFile);
        string? uri = root.TokenKey(Settings.KeyUri)?.ToString();
        if (root.Has(Settings.KeyFile.Name) == root.Has(Settings.KeyUri.Name))
            root.Problem(Settings.KeyFile.Name, "give either keyFile, or keyUri for a key in a hardware security module.");
        return file ?? uri ?? "";
    }

    private static PeerNetworkOptions ReadPeers(ConfigurationSection peers)
    {
        int framesPerSecond = (int)peers.Number(PeerSettings.FramesPerSecond);
        var options = new PeerNetworkOptions
        {
            ConnectionsMax = (int)peers.Number(PeerSettings.ConnectionsMax),
            ConnectionsPerAddress = (int)peers.Number(PeerSettings.ConnectionsPerAddress),
            HandshakesAtOnce = (int)peers.Number(PeerSettings.HandshakesMax),
            HandshakeTimeout = peers.Milliseconds(PeerSettings.HandshakeTimeoutMs),
            FrameBytesMax = (int)peers.Number(PeerSettings.FrameBytesMax),
            ConsensusLane = LaneBounds.Consensus(peers.Number(PeerSettings.ConsensusQueueBytesMax)),
            ReplyLane = LaneBounds.Reply(peers.Number(PeerSettings.ReplyQueueBytesMax)),
            GossipLane = LaneBounds.Gossip(peers.Number(PeerSettings.GossipQueueBytesMax)),
            InboundFramesPerSecond = framesPerSecond,
            InboundFrameBurst = 2 * framesPerSecond,
            RequestsMax = (int)peers.Number(PeerSettings.RequestsMax),
            RequestBacklog = (int)peers.Number(PeerSettings.RequestBacklog),
            BlocksTimeout = peers.Milliseconds(PeerSettings.BlocksTimeoutMs),
            EnvelopesTimeout = peers.Milliseconds(PeerSettings.EnvelopesTimeoutMs),
            WriteTimeout = peers.Milliseconds(PeerSettings.WriteTimeoutMs),
            KeepAlive = peers.Milliseconds(PeerSettings.KeepAliveMs),
            RedialBase = peers.Milliseconds(PeerSettings.RedialMsMin),
            RedialMax = peers.Milliseconds(PeerSettings.RedialMsMax),
        };
        foreach ((NumberSetting queue, LaneBounds lane) in new[]
        {
            (PeerSettings.ConsensusQueueBytesMax, options.ConsensusLane), (PeerSettings.ReplyQueueBytesMax, options.ReplyLane),
        })
        {
            if (lane.Bytes < options.FrameBytesMax)
            {
                peers.Problem(queue.Name,
                    $"{lane.Bytes}: a queue must have room for one frame, {PeerSettings.FrameBytesMax.Path} ({options.FrameBytesMax}).");
            }
        }
        if (options.RedialBase > options.RedialMax)
        {
            peers.Problem(PeerSettings.RedialMsMin.Name, $"{options.RedialBase.TotalMilliseconds}: at most "
                + $"{PeerSettings.RedialMsMax.Path} ({options.RedialMax.TotalMilliseconds}) is expected.");
        }
        return options;
    }

    private static void CheckCertificate(ConfigurationSection clients, NodeConfiguration c)
    {
        bool given = c.CertificateFile is not null || c.CertificateKeyFile is not null;
        if (given == c.AuthorityDirectory is not null)
        {
            clients.Problem(Settings.CertificateFile.Name,
                "give either certificateFile and certificateKeyFile, or authorityDirectory for an authority that govchain makes.");
        }
        else if (given && (c.CertificateFile is null || c.CertificateKeyFile is null))
        {
            clients.Problem(Settings.CertificateFile.Name, "certificateFile and certificateKeyFile go together.");
        }
    }

    /// <summary>Each listener needs a port of its own; 0 lets the system choose one.</summary>
    private static void CheckListeners(ConfigurationSection clients, ConfigurationSection administration, NodeConfiguration c)
    {
        if (Collide(c.PeerListen, c.ClientListen))
            clients.Problem(Settings.ClientListen.Name, Taken(c.ClientListen, Settings.PeerListen));
        if (Collide(c.PeerListen, c.AdministrationListen))
            administration.Problem(Settings.AdministrationListen.Name, Taken(c.AdministrationListen, Settings.PeerListen));
        else if (Collide(c.ClientListen, c.AdministrationListen))
            administration.Problem(Settings.AdministrationListen.Name, Taken(c.AdministrationListen, Settings.ClientListen));

        static string Taken(IPEndPoint address, ListenSetting by) => $"{address}: {by.Path} has this port. Each listener needs its own.";

        static bool Collide(IPEndPoint one, IPEndPoint other) => one.Port == other.Port && one.Port != 0
            && (one.Address.Equals(other.Address) || TakesAll(one.Address) || TakesAll(other.Address));

        static bool TakesAll(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);
    }

    private static void CheckObservers(ConfigurationSection peers, NodeConfiguration c)
    {
        var holders = new Dictionary<PublicKey, string>();
        foreach ((string department, ObserverAddress observer) in c.Observers)
        {
            string? problem = department == c.Department ? "this is the node's own department; others are named here."
                : holders.TryGetValue(observer.Key, out string? holder) ? $"{holder} has the same key, and a key serves one department."
                : null;
            if (problem is not null)
                peers.Problem($"{Settings.Observers.Name}.{department}", problem);
            holders.TryAdd(observer.Key, department);
        }
    }

    private static Digest? DigestOf(ConfigurationSection root) =>
        Digest.TryParseHex(root.Text(Settings.ExpectedGenesisDigest), out Digest digest) ? digest : null;

    private static byte[] ReadAll(string file)
    {
        if (!File.Exists(file))
            throw new FileNotFoundException("there is no such file.");
        return BoundedFile.Read(file, FileBytesMax);
    }
}
