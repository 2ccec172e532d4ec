using System.Globalization;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Node.Signatures;
using Microsoft.Extensions.Logging;

namespace GovChain.Node.Configuration;

/// <summary>Every setting there is, in the order in which they are read and shown.</summary>
internal static class Settings
{
    private const long KiB = 1024, MiB = 1024 * KiB, GiB = 1024 * MiB, TiB = 1024 * GiB;

    public static readonly TextSetting Department =
        new("department", Identifiers.IsDepartment, "a department id: a-z, 0-9 and -, at most 32")
        {
            Meaning = "the department whose node this is, as the genesis names it",
            Example = "\"land-registry\"",
            IsRequired = true,
        };

    public static readonly PathSetting DataDirectory = new("dataDirectory", MustExist: false)
    {
        Meaning = "ledger, vote journal and tip; used by one process at a time",
        Example = "\"data\"",
        IsRequired = true,
    };

    public static readonly PathSetting GenesisFile = new("genesisFile", MustExist: true)
    {
        Meaning = "the ledger's genesis, signed by every department it names",
        Example = "\"genesis.json\"",
        IsRequired = true,
    };

    public static readonly TextSetting ExpectedGenesisDigest =
        new("expectedGenesisDigest", static hex => Digest.TryParseHex(hex, out _), "64 hexadecimal digits")
        {
            Meaning = "a genesis file of another ledger is refused",
            Example = "\"0000000000000000000000000000000000000000000000000000000000000000\"",
        };

    public static readonly PathSetting KeyFile = new("keyFile", MustExist: true)
    {
        Meaning = "the department's validator key, encrypted",
        Default = "either this or `keyUri`",
        Example = "\"validator.pem\"",
    };

    public static readonly TokenKeySetting KeyUri = new("keyUri")
    {
        Meaning = "the department's validator key in a hardware security module",
        Default = "either this or `keyFile`",
        Example = "\"pkcs11:token=land-registry;object=validator?module-path=/usr/lib/softhsm/libsofthsm2.so\"",
    };

    public static readonly ChoiceSetting<NodeRole> Role = new("role", NodeRole.Validator)
    {
        Meaning = "`Observer`: start although the ledger does not name this department or this key yet; once admitted, or once the "
            + "key is replaced, the node votes without a change here",
        Example = "\"Observer\"",
    };

    public static readonly PathSetting PassphraseFile = new("passphraseFile", MustExist: true)
    {
        Meaning = "the key's passphrase or its token's PIN; without it `GOVCHAIN_PASSPHRASE` counts, else it is asked for",
        Example = "\"passphrase\"",
    };

    public static readonly NumberSetting StopTimeoutMs = new("stopTimeoutMs", 20_000, 1_000, 600_000)
    {
        Meaning = "how long a stop may take: half of it finishes what was submitted, the rest closes; then the process ends by force",
        Unit = "ms",
        Example = "20000",
    };

    public static readonly ChoiceSetting<LogLevel> LogLevel = new("logLevel", Microsoft.Extensions.Logging.LogLevel.Information)
    {
        Meaning = "the least serious messages that are logged",
        Example = "\"Information\"",
    };

    public static readonly ChoiceSetting<LogFormat> LogFormat = new("logFormat", Configuration.LogFormat.Text)
    {
        Meaning = "lines for people, or one JSON object a line with event id, category and every value apart",
        Example = "\"Json\"",
    };

    public static readonly ChoiceSetting<SignatureEngine> SignatureEngine = new("signatureEngine", Signatures.SignatureEngine.Auto)
    {
        Meaning = "what verifies signatures: the fastest of the engine's paths on this processor, one of them, or the platform's own ECDSA",
        Example = "\"Auto\"",
    };

    public static readonly ListenSetting PeerListen = new("peers.listen", LoopbackOnly: false)
    {
        Meaning = "where the other departments' nodes connect, under mutual TLS",
        Example = "\"*:7443\"",
        IsRequired = true,
    };

    public static readonly MapSetting PeerEndpoints = new("peers.endpoints", EndpointProblem, "`{\"department\": \"HOST:PORT\"}`")
    {
        Meaning = "addresses of departments that have moved",
        Default = "the genesis's",
        Example = "{ \"tax-office\": \"node.tax.example:7443\" }",
    };

    public static readonly MapSetting Observers = new("peers.observers", ObserverProblem, "`{\"department\": \"KEY@HOST:PORT\"}`")
    {
        Meaning = "nodes that may connect although the ledger here does not name this key: those without a vote, and, where the ledger here is "
            + "behind, a department's node under its key of today, which has no vote until the ledger here names it; the validator key of each, "
            + "66 hexadecimal digits, and its peer listener",
        Default = "none",
        Example = "{ \"ministry-of-health\": \"02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5@node.health.example:7443\" }",
    };

    public static readonly ListenSetting ClientListen = new("clients.listen", LoopbackOnly: false)
    {
        Meaning = "where clerks and software connect: gRPC and JSON over TLS",
        Example = "\"*:8443\"",
        IsRequired = true,
    };

    public static readonly PathSetting CertificateFile = new("clients.certificateFile", MustExist: true)
    {
        Meaning = "PEM certificate of both the clients' and the administration listener, with its chain; goes with `certificateKeyFile`",
        Example = "\"tls.pem\"",
        TakesEffect = "restart; another content of the file within 10 minutes",
    };

    public static readonly PathSetting CertificateKeyFile = new("clients.certificateKeyFile", MustExist: true)
    {
        Meaning = "PEM private key of that certificate",
        Example = "\"tls.key\"",
        TakesEffect = CertificateFile.TakesEffect,
    };

    public static readonly PathSetting AuthorityDirectory = new("clients.authorityDirectory", MustExist: false)
    {
        Meaning = "instead of the two: an authority of govchain's own, `ca.pem` and `ca.key`, made there where it is missing",
        Example = "\"ca\"",
    };

    public static readonly ListSetting CertificateNames =
        new("clients.certificateNames", 32, NameProblem, "host names or IP addresses")
        {
            Meaning = "names that an issued certificate is valid for besides `localhost`",
            Example = "[\"node.land.example\"]",
        };

    public static readonly NumberSetting AnonymousRequestsPerSecond =
        new("clients.anonymousRequestsPerSecond", 1_000, 1, 1_000_000)
        {
            Meaning = "reads that one client address may make; twice as many may come at once",
            Unit = "requests/s",
            Example = "1000",
        };

    public static readonly NumberSetting SubmissionsPerSecond = new("clients.submissionsPerSecond", 1_000, 1, 1_000_000)
    {
        Meaning = "transactions of up to 2 KiB that clients may submit in one department's name, larger ones counting for as many; of each address, and of all "
            + "that the department has signed. Twice as many may come at once; a stream waits, what comes singly is answered RATE_EXCEEDED",
        Unit = "transactions/s",
        Example = "1000",
    };

    public static readonly NumberSetting ClientConnectionsMax = new("clients.connectionsMax", 1_024, 16, 100_000)
    {
        Meaning = "connections of all clients at a time; more are closed at once",
        Unit = "connections",
        Example = "1024",
    };

    public static readonly NumberSetting ClientConnectionsPerAddress = new("clients.connectionsPerAddress", 256, 1, 100_000)
    {
        Meaning = "connections of one client address (IPv6: one /64) at a time; raise it for a proxy or an office behind one address",
        Unit = "connections",
        Example = "256",
    };

    public static readonly NumberSetting ClientSubmissionsWaitingMax = new("clients.submissionsWaitingMax", 1_024, 512, 16_384)
    {
        Meaning = "single submissions of all clients that wait for their answer at a time, 128 KiB each at most. Half are the departments', shared by "
            + "those that use them; of one address 256",
        Unit = "submissions",
        Example = "1024",
    };

    public static readonly NumberSetting ClientStreamsMax = new("clients.streamsMax", 64, 16, 1_024)
    {
        Meaning = "streams of all clients at a time, 4 MiB each at most. Half are the departments', shared by those that use them; of one address 8",
        Unit = "streams",
        Example = "64",
    };

    public static readonly ListenSetting AdministrationListen = new("administration.listen", LoopbackOnly: true)
    {
        Meaning = "where this machine's operator connects: metrics, audits, backups",
        Example = "\"127.0.0.1:9443\"",
        IsRequired = true,
    };

    public static readonly NumberSetting PoolTransactionsMax = new("pool.transactionsMax", 50_000, 100, 1_000_000)
    {
        Meaning = "transactions that wait for a block at most; more are answered POOL_FULL",
        Unit = "transactions",
        Example = "50000",
    };

    public static readonly NumberSetting PoolBytesMax = new("pool.bytesMax", 64 * MiB, MiB, 4 * GiB)
    {
        Meaning = "bytes of waiting transactions at most",
        Unit = "bytes",
        Example = "67108864",
    };

    public static readonly NumberSetting SnapshotLagBlocks = new("snapshots.lagBlocks", 10_000, 0, 1_000_000_000)
    {
        Meaning = "blocks behind the others from which on a snapshot is fetched where that costs less than the blocks; older blocks are filled in afterwards (0: never)",
        Unit = "blocks",
        Example = "10000",
    };

    public static readonly NumberSetting SelfAuditBytesPerSecond = new("selfAudit.bytesPerSecond", MiB, 0, GiB)
    {
        Meaning = "how fast the node reads and checks its own directory, round and round; 0: not at all. Damage: alarm LEDGER_DAMAGED",
        Unit = "bytes/s",
        Example = "1048576",
    };

    public static readonly NumberSetting DiskFreeBytesMin = new("alarms.diskFreeBytesMin", 4 * GiB, 0, 64 * TiB)
    {
        Meaning = "below this much free space on the data directory's disk: alarm DISK_LOW",
        Unit = "bytes",
        Example = "4294967296",
    };

    public static readonly NumberSetting CertificateDaysMin = new("alarms.certificateDaysMin", 30, 1, 365)
    {
        Meaning = "fewer days left of the clients' certificate: alarm CERTIFICATE_EXPIRING",
        Unit = "days",
        Example = "30",
    };

    public static readonly NumberSetting JournalSyncMsMax = new("alarms.journalSyncMsMax", 250, 1, 60_000)
    {
        Meaning = "a vote takes longer than this to reach the disk, on average over the last 32, and one of them in the last five minutes: alarm JOURNAL_SLOW",
        Unit = "ms",
        Example = "250",
    };

    public static readonly NumberSetting PeerSilentMsMax = new("alarms.peerSilentMsMax", 15_000, 2_000, 3_600_000)
    {
        Meaning = "a department is not connected for longer than this: alarm PEER_UNREACHABLE",
        Unit = "ms",
        Example = "15000",
    };

    public static readonly NumberSetting StalledMsMax = new("alarms.stalledMsMax", 60_000, 5_000, 3_600_000)
    {
        Meaning = "transactions wait and no block comes for longer than this: alarm STALLED",
        Unit = "ms",
        Example = "60000",
    };

    public static readonly TextSetting OtlpEndpoint =
        new("telemetry.otlpEndpoint", IsHttpUri, "`http://HOST:PORT/...` or `https://...`; the whole address, for OTLP over HTTP `/v1/traces` included")
        {
            Meaning = "where traces are sent (OpenTelemetry protocol); nothing is sent without it",
            Example = "\"http://127.0.0.1:4318/v1/traces\"",
        };

    public static readonly ChoiceSetting<OtlpProtocol> OtlpProtocol = new("telemetry.otlpProtocol", Configuration.OtlpProtocol.Http)
    {
        Meaning = "OTLP as protobuf over HTTP, or over gRPC",
        Example = "\"Http\"",
    };

    public static readonly FractionSetting TraceSamplingRatio = new("telemetry.traceSamplingRatio", 0.01)
    {
        Meaning = "part of the submissions that are traced; a submission that comes with a sampled trace is always",
        Example = "0.01",
    };

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        Department, DataDirectory, GenesisFile, ExpectedGenesisDigest, KeyFile, KeyUri, Role, PassphraseFile, StopTimeoutMs, LogLevel, LogFormat,
        SignatureEngine,
        PeerListen, PeerEndpoints, Observers,
        .. PeerSettings.All,
        ClientListen, CertificateFile, CertificateKeyFile, AuthorityDirectory, CertificateNames, AnonymousRequestsPerSecond, SubmissionsPerSecond,
        ClientConnectionsMax, ClientConnectionsPerAddress, ClientSubmissionsWaitingMax, ClientStreamsMax,
        AdministrationListen,
        PoolTransactionsMax, PoolBytesMax,
        SnapshotLagBlocks,
        SelfAuditBytesPerSecond,
        DiskFreeBytesMin, CertificateDaysMin, JournalSyncMsMax, PeerSilentMsMax, StalledMsMax,
        OtlpEndpoint, OtlpProtocol, TraceSamplingRatio,
    ];

    private static string? NameProblem(string name) =>
        Uri.CheckHostName(name) == UriHostNameType.Unknown ? "a host name or an IP address is expected" : null;

    private static bool IsHttpUri(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https" && uri.UserInfo.Length == 0;

    private static string? ObserverProblem(string department, string address) =>
        ObserverAddress.TryParse(address) is { } observer
            ? EndpointProblem(department, observer.Endpoint)
            : $"\"{address}\": KEY@HOST:PORT is expected, the key of 66 hexadecimal digits.";

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
}

/// <summary>How log lines look.</summary>
internal enum LogFormat
{
    /// <summary>For people.</summary>
    Text,

    /// <summary>For collectors.</summary>
    Json,
}

/// <summary>How traces travel.</summary>
internal enum OtlpProtocol
{
    /// <summary>Protobuf over HTTP.</summary>
    Http,

    /// <summary>gRPC.</summary>
    Grpc,
}
