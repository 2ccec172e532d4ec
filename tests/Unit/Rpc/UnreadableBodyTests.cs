using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using GovChain.Rpc;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Rpc;

/// <summary>
/// Goal: a body that HTTP itself does not allow gets a typed answer, and nobody without a key fills the log with a fault's stack. Method: bytes
/// that no library sends, to a real server whose log is listened to.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[NonParallelizable]
internal sealed class UnreadableBodyTests
{
    private readonly MeterProbe _meters = new(RpcHosting.MeterName, "Microsoft.AspNetCore.Server.Kestrel");
    private readonly ErrorLog _log = new();
    private RpcHost _host = null!;

    private static IEnumerable<TestCaseData> Bodies()
    {
        foreach (string path in new[] { "POST /v1/transactions", "GET /v1/status" })
        {
            foreach (string size in new[] { "ffffffffffffffff", "80000000", "zz", "-1" })
                yield return new TestCaseData(path, $"{size}\r\n{{}}\r\n0\r\n\r\n", 400).SetArgDisplayNames(path, size);
            yield return new TestCaseData(path, "0\r\n" + string.Concat(Enumerable.Range(0, 5_000).Select(static i => $"t{i}: x\r\n")) + "\r\n", 431)
                .SetArgDisplayNames(path, "5,000 trailers");
        }
    }

    [SetUp]
    public async Task StartAsync() => _host = await RpcHost.StartAsync(logs: _log);

    [TearDown]
    public async Task StopAsync()
    {
        await _host.DisposeAsync();
        _meters.Dispose();
    }

    [TestCaseSource(nameof(Bodies))]
    public async Task Body_ThatHttpDoesNotAllow_IsATypedError_CountedAsRefused_AndNoFaultOfTheNode(string path, string body, int status)
    {
        using RawConnection connection = await AskAsync(path);
        await connection.SendAsync(body);
        string answer = await connection.ReadToEndAsync();

        Assert.That(answer, Does.StartWith($"HTTP/1.1 {status} ").And.Contain("Content-Type: application/json").And.Contain("Connection: close"), answer);
        using JsonDocument json = JsonDocument.Parse(answer[answer.IndexOf('{')..]);
        Assert.That(json.RootElement.GetProperty("code").GetInt32(), Is.EqualTo(3));
        Assert.That(json.RootElement.GetProperty("details")[0].GetProperty("reason").GetString(), Is.EqualTo("MALFORMED_BODY"));
        Assert.That(_meters["govchain.rpc.refused", "MALFORMED_BODY"], Is.EqualTo(1));
        await _host.StopAsync();
        Assert.That(_log.Errors, Is.Empty);
    }

    /// <summary>What does not look at the body leaves it to the server.</summary>
    [Test]
    public async Task Body_ThatHttpDoesNotAllow_WhereNobodyReadsIt_IsNoFaultOfTheNode(
        [Values("GET /health/live", "GET /nowhere", "POST /govchain.v1.Ledger/Submit")] string path, [Values("ffffffffffffffff", "zz")] string size)
    {
        using RawConnection connection = await AskAsync(path);
        await connection.SendAsync($"{size}\r\n{{}}\r\n0\r\n\r\n");
        Assert.That(await connection.ReadToEndAsync(), Does.StartWith("HTTP/1.1 ").And.Not.Contain("HTTP/1.1 500"));
        await _host.StopAsync();
        Assert.That(_log.Errors, Is.Empty);
    }

    /// <summary>Many times, since the server learns of it in two places, one of them first.</summary>
    [Test]
    public async Task Client_ThatGoesAwayInItsBody_IsNoFaultOfTheNode(
        [Values("POST /v1/transactions", "GET /v1/status")] string path, [Values("Transfer-Encoding: chunked", "Content-Length: 50")] string length)
    {
        const int Times = 20;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 made = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        await using RpcHost host = await RpcHost.StartAsync(logs: _log, certificate: made);
        for (int i = 0; i < Times; i++)
        {
            using RawConnection connection = await RawConnection.OpenAsync(host.Port(HttpProtocols.Http1AndHttp2));
            await connection.UseTlsAsync(SslApplicationProtocol.Http11);
            await connection.SendAsync(HeadOf(path, length));
            await connection.SendAsync(length.StartsWith('T') ? "5\r\n{" : "{");
            await Task.Delay(i); // the body may be awaited, or not yet
            if (i % 2 == 0)
                connection.Break();
        }
        await _meters.UntilAsync(Times, "kestrel.connection.duration");
        await host.StopAsync();
        Assert.That(_log.Errors, Is.Empty);
    }

    [Test]
    public async Task Grpc_OfAnotherContentType_IsToldWhich()
    {
        using RawConnection connection = await RawConnection.OpenHttp2Async(_host.Port(HttpProtocols.Http2));
        await connection.SendFrameAsync(RawConnection.Headers, RawConnection.EndHeaders | RawConnection.EndStream, 1, RawConnection.Block(
            (":method", "POST"), (":scheme", "http"), (":path", "/govchain.v1.Ledger/GetStatus"), (":authority", "localhost"),
            ("content-type", "application/grpc-web"), ("te", "trailers")));
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        string headers = "";
        while (headers.Length == 0 && await connection.ReadFrameAsync(late.Token) is { } frame)
            headers = frame.Type == RawConnection.Headers ? System.Text.Encoding.Latin1.GetString(frame.Payload) : "";
        Assert.That(headers, Does.Contain("content%20type%20application%2Fgrpc-web%20is%20not%20spoken").And.Contain("415"));
        Assert.That(_meters["govchain.rpc.refused", "UNSUPPORTED_MEDIA_TYPE"], Is.EqualTo(1));
    }

    /// <summary>The head of a request with a body; the answer's end is the connection's.</summary>
    private async Task<RawConnection> AskAsync(string path)
    {
        RawConnection connection = await RawConnection.OpenAsync(_host.Port(HttpProtocols.Http1));
        await connection.SendAsync(HeadOf(path, "Transfer-Encoding: chunked"));
        return connection;
    }

    private static string HeadOf(string path, string length) =>
        $"{path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{length}\r\n\r\n";

    /// <summary>What is logged as a fault.</summary>
    private sealed class ErrorLog : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Errors { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                Errors.Enqueue($"{formatter(state, exception)} {exception}");
        }

        public void Dispose()
        {
        }
    }
}
