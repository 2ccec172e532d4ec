using System.Net;
using System.Net.Sockets;
using System.Text;
using NUnit.Framework;
using NUnit.Framework.Internal;

namespace GovChain.Tests.Integration.Nemesis;

/// <summary>What the nemesis is made of does what it says; otherwise its runs would show nothing.</summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class NemesisPartsTest
{
    [Test]
    public void Schedule_SameSeed_IsTheSame_AndHasEveryKindOnceBeforeAnyTwice([Values] Track track, [Values(4, 7)] int nodes)
    {
        var one = new FaultSchedule(track, nodes, 11);
        var again = new FaultSchedule(track, nodes, 11);
        Fault[] faults = [.. Enumerable.Range(0, 200).Select(_ => one.Next())];
        foreach (Fault fault in faults)
        {
            Fault same = again.Next();
            Assert.That(same with { Nodes = [] }, Is.EqualTo(fault with { Nodes = [] }));
            Assert.That(same.Nodes, Is.EqualTo(fault.Nodes));
            Assert.That(fault.Nodes, Is.Unique.And.All.InRange(0, nodes - 1));
            Assert.That(!fault.IsPartition || fault.Nodes.Count <= nodes / 2, "a division has a majority on one side");
        }
        int kinds = faults.Select(f => f.Kind).Distinct().Count();
        Assert.That(faults.Take(kinds).Select(f => f.Kind), Is.Unique);
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task Proxy_StalledOneWay_HoldsBytesThatWay_AndGivesThemWhenMended(CancellationToken cancellation)
    {
        var there = new PeerLine(1);
        var back = new PeerLine(2);
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        await using var proxy = new PeerProxy(((IPEndPoint)server.LocalEndpoint).Port, there, back);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, proxy.Port, cancellation);
        using TcpClient served = await server.AcceptTcpClientAsync(cancellation);

        await SendAsync(client, "one", cancellation);
        Assert.That(await ReceiveAsync(served, 3, cancellation), Is.EqualTo("one"));
        there.State = new LineState(Stalled: true);
        await SendAsync(client, "two", cancellation);
        await SendAsync(served, "back", cancellation);
        Assert.That(await ReceiveAsync(client, 4, cancellation), Is.EqualTo("back"), "the other way is open");
        Assert.That(served.Available, Is.Zero, "nothing came meanwhile");
        there.State = LineState.Good;
        Assert.That(await ReceiveAsync(served, 3, cancellation), Is.EqualTo("two"));

        there.State = new LineState(DelayMs: 300);
        long begun = Environment.TickCount64;
        await SendAsync(client, "three", cancellation);
        Assert.That(await ReceiveAsync(served, 5, cancellation), Is.EqualTo("three"));
        Assert.That(Environment.TickCount64 - begun, Is.GreaterThanOrEqualTo(290));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task Proxy_Refused_ResetsConnectionsAndTakesNone(CancellationToken cancellation)
    {
        var there = new PeerLine(1);
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        await using var proxy = new PeerProxy(((IPEndPoint)server.LocalEndpoint).Port, there, new PeerLine(2));
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, proxy.Port, cancellation);
        using TcpClient served = await server.AcceptTcpClientAsync(cancellation);
        there.State = new LineState(Refused: true);
        Assert.That(await EndsAsync(client, cancellation) && await EndsAsync(served, cancellation));
        using var second = new TcpClient();
        Assert.That(async () =>
        {
            await second.ConnectAsync(IPAddress.Loopback, proxy.Port, cancellation);
            await second.GetStream().ReadExactlyAsync(new byte[1], cancellation);
        }, Throws.InstanceOf<IOException>().Or.InstanceOf<SocketException>());
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task Clock_Set_IsWhatTheProcessSees_AndOnlyThatProcess(CancellationToken cancellation)
    {
        string directory = Directory.CreateTempSubdirectory("govchain-test-").FullName;
        try
        {
            var clocks = new NodeClocks(directory);
            if (clocks.Missing is { } missing)
            {
                Assert.That(Environment.GetEnvironmentVariable("CI"), Is.Null.Or.Empty, missing);
                Assert.Ignore($"Clocks cannot be set here: {missing}.");
            }
            var who = new Node.Devnet.DevnetDepartment("finance", 0, 0, 0);
            var start = new System.Diagnostics.ProcessStartInfo(
                "dotnet", [Path.Combine(AppContext.BaseDirectory, "GovChain.Tests.Integration.dll"), "clock"])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            };
            foreach ((string name, string value) in clocks.EnvironmentOf(who))
                start.Environment[name] = value;
            using var process = System.Diagnostics.Process.Start(start)!;
            foreach (TimeSpan shift in new[] { TimeSpan.Zero, TimeSpan.FromHours(1), TimeSpan.FromMilliseconds(-90_500) })
            {
                clocks.Set(who, shift);
                await process.StandardInput.WriteLineAsync("?");
                string told = (await process.StandardOutput.ReadLineAsync(cancellation))!;
                double ahead = double.Parse(told, System.Globalization.CultureInfo.InvariantCulture)
                    - (DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds;
                Assert.That(ahead, Is.EqualTo(shift.TotalSeconds).Within(20), "a busy machine is slow, not an hour wrong");
            }
            process.StandardInput.Close();
            await process.WaitForExitAsync(cancellation);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>The faults begin when every clerk has something to lose, and a run in which none was told anything says so.</summary>
    [Test]
    [CancelAfter(60_000)]
    public async Task Diaries_AreWaitedForUntilEachClerkWasTold_AndOneThatNeverIsHasItsOwnSentence(CancellationToken cancellation)
    {
        string directory = Directory.CreateTempSubdirectory("govchain-test-").FullName;
        try
        {
            string[] paths = [Path.Combine(directory, "one.jsonl"), Path.Combine(directory, "two.jsonl")];
            using FileStream one = Acknowledgement.OpenFile(paths[0]);
            Entry(DiaryKind.Asked, "a", 1, 10).AppendTo(one);
            Entry(DiaryKind.Told, "a", 1, 20).AppendTo(one);
            Task waiting = DiaryEntry.UntilEachIsToldAsync(paths, TimeSpan.FromMinutes(1), cancellation);
            string? never = null;
            using (new TestExecutionContext.IsolatedContext())
            {
                try
                {
                    await DiaryEntry.UntilEachIsToldAsync(paths, TimeSpan.Zero, cancellation);
                }
                catch (AssertionException e)
                {
                    never = e.Message;
                }
            }
            Assert.That(never, Does.Contain("No clerk was told anything in two.jsonl").And.Contain("the faults did not begin")
                .And.Not.Contain("one.jsonl"));

            using FileStream two = Acknowledgement.OpenFile(paths[1]);
            Entry(DiaryKind.Asked, "b", 1, 30).AppendTo(two);
            Entry(DiaryKind.Refused, "b", 1, 40).AppendTo(two);
            two.Write("{\"atMs\":50,\"kind\":\"Told\""u8); // a line that is being written
            Assert.That(waiting.IsCompleted, Is.False, "the other clerk has nothing on the ledger yet");
            two.Write(",\"transactionId\":\"b\",\"version\":1}\n"u8);
            await waiting;
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>Asked at 100 and 300, told at 200 and 400, read at 500; the node gave version <paramref name="given"/>.</summary>
    [TestCase(2, null, null, true)]
    [TestCase(1, null, null, false, TestName = "Reading_ThatLacksAnAcknowledgedVersion_IsFound")]
    [TestCase(0, null, null, false)]
    [TestCase(1, 350, 450, true, TestName = "Reading_AfterDamage_MayLackWhatWasAnsweredBeforeIt")]
    [TestCase(0, 350, 450, true)]
    [TestCase(1, 150, 250, false, TestName = "Reading_AfterDamage_MayNotLackWhatWasAskedForAfterIt")]
    [TestCase(0, 510, 600, false, TestName = "Reading_BeforeDamage_MayLackNothing")]
    [TestCase(1, 250, 350, true, TestName = "Reading_OfWhatWasAskedForDuringTheDamage_ProvesNothing")]
    public void Reading_IsHeldAgainstWhatTheNodeHadAcknowledged(int given, int? fromMs, int? toMs, bool passes)
    {
        DiaryEntry[] diary =
        [
            Entry(DiaryKind.Asked, "a", 1, 100), Entry(DiaryKind.Told, "a", 1, 200),
            Entry(DiaryKind.Asked, "b", 2, 300), Entry(DiaryKind.Told, "b", 2, 400),
            Entry(DiaryKind.Read, "", (ulong)given, 500) with { Node = "own", KnownVersion = 2 },
        ];
        Damage[] damages = fromMs is { } from ? [new Damage("own", from, toMs!.Value), new Damage("another", 0, long.MaxValue)] : [];
        string? found = null;
        using (new TestExecutionContext.IsolatedContext())
        {
            try
            {
                new DiaryCheck(diary, "own", damages).CheckReads();
            }
            catch (AssertionException e)
            {
                found = e.Message;
            }
        }
        Assert.That(found, passes ? Is.Null : Does.Contain("own forgot a version of type record that it had acknowledged"));
    }

    private static DiaryEntry Entry(DiaryKind kind, string transaction, ulong version, long atMs) =>
        new(atMs, kind, "type", "record", version, version == 0 ? "" : $"content {version}") { TransactionId = transaction };

    private static Task SendAsync(TcpClient to, string text, CancellationToken cancellation) =>
        to.GetStream().WriteAsync(Encoding.ASCII.GetBytes(text), cancellation).AsTask();

    private static async Task<string> ReceiveAsync(TcpClient from, int length, CancellationToken cancellation)
    {
        byte[] bytes = new byte[length];
        await from.GetStream().ReadExactlyAsync(bytes, cancellation);
        return Encoding.ASCII.GetString(bytes);
    }

    /// <summary>The connection is over, in order or not.</summary>
    private static async Task<bool> EndsAsync(TcpClient client, CancellationToken cancellation)
    {
        try
        {
            return await client.GetStream().ReadAsync(new byte[1], cancellation) == 0;
        }
        catch (IOException)
        {
            return true;
        }
    }
}
