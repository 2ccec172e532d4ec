using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using GovChain.Client;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Protos.V1;
using GovChain.Rpc;
using GovChain.Tests.Unit.Execution;
using NUnit.Framework;
using PublicKey = GovChain.Core.Cryptography.PublicKey;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Tests.Unit.Rpc;

/// <summary>
/// Goal: what is not public is given over mutual TLS to a system that shows an officer's certificate, where that officer may read it, and
/// every answer and every refusal is written down. Method: a real server with TLS before a gateway of the test's, asked by the client library
/// with every state of a certificate by every kind of officer for every kind of type; docs/SPEC.md, "Readers" and "Reader statement".
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[NonParallelizable]
public sealed class ReaderCertificateTests
{
    // As long as that of a statement, and another.
    private static readonly string OtherOid = $"{ReaderStatement.Oid[..^1]}{(ReaderStatement.Oid[^1] - '0') ^ 1}";

    private static readonly TestKey Key = new(730), Stranger = new(731);

    private readonly FakeGateway _gateway = new();
    private readonly List<IDisposable> _open = [];
    private readonly string _authority = Path.Combine(Path.GetTempPath(), $"reader-{Guid.NewGuid():N}.pem");
    private RpcHost _host = null!;

    public enum State
    {
        Good,
        None,
        ForAnotherPurpose,
        Malformed,
        Twice,
        WrongChain,
        TooEarly,
        Expired,
        OfAnotherKey,
        Stranger,
        Revoked,
    }

    private static ulong NowMs => (ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    [SetUp]
    public async Task StartAsync()
    {
        X509Certificate2 server = Make([], "CN=localhost", names: true);
        await File.WriteAllTextAsync(_authority, server.ExportCertificatePem());
        _host = await RpcHost.StartAsync(fake: _gateway, certificate: server);
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _host.DisposeAsync();
        _open.ForEach(static o => o.Dispose());
        File.Delete(_authority);
    }

    [Test]
    public async Task EveryCertificate_OfEveryOfficer_ForEveryType_IsAnsweredAndWrittenDownAsTheTableSays([Values] State state)
    {
        // One connection for all: what the officer may is judged anew for each call.
        using LedgerClient client = Connect(state);
        foreach (string readers in new[] { "public", "", "beta" })
        {
            _gateway.Types["t"] = new RecordTypeState { Type = "t", Owner = "alpha", PublicRead = readers == "public", Version = 1 };
            if (readers == "beta")
                _gateway.Types["t"].Readers.Add("beta");
            foreach (string department in new[] { "alpha", "beta" })
            {
                foreach (OfficerRole role in Enum.GetValues<OfficerRole>())
                {
                    Enrol(department, role, state == State.Revoked);
                    _gateway.Reads.Clear();
                    bool may = role != OfficerRole.Administrator && (department == "alpha" || readers == "beta");
                    string expected = readers == "public" ? "GIVEN" : Expected(state) ?? (may ? "GIVEN" : "PERMISSION_DENIED");

                    string answered = await AskAsync(client, "t");

                    string what = $"{state}, type for {readers}, {department} {role}";
                    Assert.That(answered, Is.EqualTo(expected), what);
                    if (readers == "public")
                    {
                        Assert.That(_gateway.Reads, Is.Empty, what);
                        continue;
                    }
                    ReadEntry entry = _gateway.Reads.Single();
                    bool known = state is State.Good or State.TooEarly or State.Expired or State.Revoked;
                    Assert.That((entry.Answer, entry.Department, entry.OfficerId, entry.Key, entry.Type, entry.Record, entry.Method, entry.Listener),
                        Is.EqualTo((expected, known ? department : "", known ? "4711" : "", known ? Key.Public.ToString() : "", "t", "x", "GetRecord", "clients")), what);
                    Assert.That((entry.Certificate.Length, entry.Token), Is.EqualTo((known ? 64 : 0, "")), what);
                }
            }
        }
    }

    [Test]
    public async Task Answers_AreAllWrittenDown_AndRefusalsAHundredAtOnce()
    {
        Enrol("alpha", OfficerRole.Clerk);
        using LedgerClient client = Connect(State.Good);
        for (int i = 0; i < 130; i++)
            Assert.That(await AskAsync(client, "closed-type"), Is.EqualTo("GIVEN"));
        Assert.That(_gateway.Reads, Has.Count.EqualTo(130));
        Assert.That(_gateway.Reads.Select(static e => e.Certificate).Distinct().Count(), Is.EqualTo(1));
        _gateway.Reads.Clear();
        Enrol("alpha", OfficerRole.Administrator);
        for (int i = 0; i < 130; i++)
            Assert.That(await AskAsync(client, "closed-type"), Is.EqualTo("PERMISSION_DENIED"));
        Assert.That(_gateway.Reads, Has.Count.InRange(100, 129), "a hundred at once, and one a second");
    }

    [Test]
    public async Task Refusals_OfACertificateWithoutRight_AreWrittenDown_HoweverManyStrangersAreRefused()
    {
        await _host.DisposeAsync();
        _host = await RpcHost.StartAsync(fake: _gateway, certificate: (X509Certificate2)_open[0], readersTime: new StandingClock(NowMs));
        Enrol("alpha", OfficerRole.Administrator);
        using LedgerClient strangers = Connect(State.None), forger = Connect(State.OfAnotherKey), client = Connect(State.Good);
        for (int i = 0; i < 130; i++)
            await AskAsync(i % 2 == 0 ? strangers : forger, "closed-type");
        Assert.That(_gateway.Reads, Has.Count.EqualTo(100));
        Assert.That(await AskAsync(client, "closed-type"), Is.EqualTo("PERMISSION_DENIED"));
        Assert.That(_gateway.Reads, Has.Count.EqualTo(101));
        ReadEntry entry = _gateway.Reads.Last();
        Assert.That((entry.Answer, entry.OfficerId, entry.Certificate.Length, entry.Unwritten), Is.EqualTo(("PERMISSION_DENIED", "4711", 64, 0UL)));
    }

    [Test]
    public async Task Token_BesideACertificate_IsWhatCounts()
    {
        Enrol("alpha", OfficerRole.Clerk);
        using LedgerClient client = Connect(State.Good);
        client.Reader = new ReadTokenFactory(_gateway.ChainId, "beta", new Signer(Key));
        Assert.That(await AskAsync(client, "closed-type"), Is.EqualTo("TOKEN_WRONG_NODE"));
        client.Reader = new ReadTokenFactory(_gateway.ChainId, _gateway.Department, new Signer(Key));
        Assert.That(await AskAsync(client, "closed-type"), Is.EqualTo("GIVEN"));
        Assert.That(_gateway.Reads.Last().Token, Is.Not.Empty);
        Assert.That(_gateway.Reads.Last().Certificate, Is.Empty);
    }

    [Test]
    public async Task File_OfTheLibrary_IsReadBackAndShown()
    {
        Enrol("alpha", OfficerRole.Clerk);
        string file = _authority + ".reader";
        try
        {
            await File.WriteAllTextAsync(file, ReaderCertificate.CreatePem(_gateway.ChainId, new Signer(Key), TimeSpan.FromDays(1)));
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
                LedgerClientException open = Assert.Throws<LedgerClientException>(() => ReaderCertificate.Load(file))!;
                Assert.That((open.Reason, open.Message), Is.EqualTo(("INVALID_CERTIFICATE_FILE", $"The certificate file '{file}' is open to other users of this machine. Close it with: chmod 600 '{file}'")));
                File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }
            using X509Certificate2 certificate = ReaderCertificate.Load(file);
            using LedgerClient client = LedgerClient.Connect(_host.TlsAddress, _authority, certificate);
            Assert.That(await AskAsync(client, "closed-type"), Is.EqualTo("GIVEN"));

            string[] lines = await File.ReadAllLinesAsync(file);
            foreach (string wrong in new[] { "", "no PEM", string.Join('\n', lines[..5]), string.Concat(File.ReadAllText(file).Split("-----BEGIN PRIVATE KEY")[0]), new string('A', 100_000) })
            {
                await File.WriteAllTextAsync(file, wrong);
                Assert.That(Assert.Throws<LedgerClientException>(() => ReaderCertificate.Load(file))!.Reason, Is.EqualTo("INVALID_CERTIFICATE_FILE"));
            }
        }
        finally
        {
            File.Delete(file);
        }
        Assert.That(Assert.Throws<LedgerClientException>(() => ReaderCertificate.Load(file))!.Reason, Is.EqualTo("INVALID_CERTIFICATE_FILE"));
        foreach (double days in new[] { -1, 0, 366.1 })
            Assert.Throws<ArgumentOutOfRangeException>(() => ReaderCertificate.CreatePem(_gateway.ChainId, new Signer(Key), TimeSpan.FromDays(days)));
    }

    private static string? Expected(State state) => state switch
    {
        State.Good => null,
        State.None or State.ForAnotherPurpose => "TOKEN_REQUIRED",
        State.Malformed or State.Twice => "CERTIFICATE_MALFORMED",
        State.WrongChain => "CERTIFICATE_WRONG_CHAIN",
        State.TooEarly => "CERTIFICATE_NOT_YET_VALID",
        State.Expired => "CERTIFICATE_EXPIRED",
        State.OfAnotherKey => "CERTIFICATE_SIGNATURE_INVALID",
        _ => "CERTIFICATE_SIGNER_REFUSED",
    };

    private static async Task<string> AskAsync(LedgerClient client, string type)
    {
        try
        {
            await client.FindRecordAsync(type, "x");
            return "GIVEN";
        }
        catch (LedgerClientException e)
        {
            return e.Reason;
        }
    }

    private void Enrol(string department, OfficerRole role, bool revoked = false) => _gateway.Officers[Key.Public] = (
        new OfficerInterval { Department = department, OfficerId = "4711", Roles = { (uint)role } },
        revoked ? new Rejection(RejectionCode.SignerRevoked, "The key was revoked.") : null);

    private LedgerClient Connect(State state) =>
        LedgerClient.Connect(_host.TlsAddress, _authority, state == State.None ? null : CertificateIn(state));

    private X509Certificate2 CertificateIn(State state)
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        TestKey signer = state == State.Stranger ? Stranger : Key;
        ulong fromMs = state == State.TooEarly ? NowMs + 3_600_000 : NowMs - 7_200_000;
        return Make(key =>
        {
            byte[] vouchedFor = (state == State.OfAnotherKey ? other : key).ExportSubjectPublicKeyInfo();
            byte[] extension = ReaderStatement.Issue(
                state == State.WrongChain ? default : _gateway.ChainId, vouchedFor, signer.Public,
                fromMs, fromMs + (state == State.Expired ? 3_600_000UL : 86_400_000UL), signer.Sign).ToExtension();
            return state switch
            {
                State.ForAnotherPurpose => [],
                State.Malformed => [extension[..^1]],
                State.Twice => [extension, extension],
                _ => [extension],
            };
        });
    }

    private X509Certificate2 Make(IReadOnlyList<byte[]> statements, string subject, bool names) => Make(_ => statements, subject, names);

    private X509Certificate2 Make(Func<ECDsa, IReadOnlyList<byte[]>> statements, string subject = "CN=a system", bool names = false)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        // X.509 has each extension once; a certificate that was put together by hand need not.
        foreach ((string oid, byte[] statement) in new[] { ReaderStatement.Oid, OtherOid }.Zip(statements(key)))
            request.CertificateExtensions.Add(new X509Extension(oid, statement, critical: false));
        if (names)
        {
            var alternatives = new SubjectAlternativeNameBuilder();
            alternatives.AddIpAddress(System.Net.IPAddress.Loopback);
            request.CertificateExtensions.Add(alternatives.Build());
        }
        X509Certificate2 made = Sign(request, key);
        _open.Add(made);
        return made;
    }

    private static X509Certificate2 Sign(CertificateRequest request, ECDsa key)
    {
        using X509Certificate2 signed = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        byte[] der = signed.RawData;
        if (der.AsSpan().IndexOf(Der(OtherOid)) is >= 0 and var other)
            Der(ReaderStatement.Oid).CopyTo(der.AsSpan(other)); // its own signature is wrong now, which nobody asks for
        using X509Certificate2 changed = X509CertificateLoader.LoadCertificate(der);
        using X509Certificate2 whole = changed.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pkcs12), null);
    }

    private static byte[] Der(string oid)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.WriteObjectIdentifier(oid);
        return writer.Encode();
    }

    private sealed class Signer(TestKey key) : GovChain.Client.Keys.ISigner
    {
        public PublicKey PublicKey => key.Public;

        public Signature Sign(Digest digest) => key.Sign(digest);

        public void Dispose()
        {
        }
    }
}
