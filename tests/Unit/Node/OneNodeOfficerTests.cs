using Google.Protobuf;
using GovChain.Client.Keys;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using GovChain.Rpc;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node;

/// <summary>Who signs for a department, and who did, as a node says.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class OneNodeOfficerTests
{
    private readonly string _root = Directory.CreateTempSubdirectory("govchain-node-").FullName;
    private readonly TestLedger _ledger = new(departments: 1);
    private TestNode _node = null!;

    [SetUp]
    public async Task Start()
    {
        _node = new TestNode(_ledger, 0, Path.Combine(_root, "data"), new LoopbackNetwork());
        await _node.StartAsync();
    }

    [TearDown]
    public async Task Stop()
    {
        await _node.DisposeAsync();
        _ledger.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Test]
    public async Task ListOfficers_ByPagesOfAnySize_HasEveryKeyOfTheDepartmentWithItsStanding()
    {
        await _node.FoundAsync();
        ulong nowMs = (ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), dayMs = 86_400_000;
        using PlatformSigner over = PlatformSigner.Create(), soon = PlatformSigner.Create(), first = PlatformSigner.Create(), second = PlatformSigner.Create();
        await EnrolAsync("over", over, nowMs - 2 * dayMs, nowMs - dayMs);
        await EnrolAsync("soon", soon, nowMs + dayMs, nowMs + 2 * dayMs);
        await EnrolAsync("moved", first);
        ulong rotated = (await _node.CommitAsync(_ledger.Sign(_ledger.Administrator, b => b.RotateOfficerKey = new RotateOfficerKey
        {
            OfficerId = "moved",
            PublicKey = ByteString.CopyFrom(second.PublicKey.Span),
        }))).Height;
        ulong revoked = (await _node.CommitAsync(_ledger.Sign(_ledger.Administrator, b => b.RevokeOfficer = new RevokeOfficer { OfficerId = "moved" }))).Height;

        OfficerKey[] whole = Pages(1_000);
        Assert.That(whole.Select(static k => k.PublicKey.ToByteArray()).Select(Convert.ToHexString), Is.Ordered.Ascending);
        Assert.That(whole.OrderBy(static k => k.Interval.OfficerId, StringComparer.Ordinal).ThenBy(static k => k.Interval.FirstHeight)
                .Select(static k => (k.Interval.OfficerId, k.Standing, k.Interval.LastHeight)),
            Is.EqualTo(new[]
            {
                ("admin", "valid", 0UL), ("clerk-1", "valid", 0UL), ("moved", "ended", rotated), ("moved", "ended", revoked), ("over", "expired", 0UL), ("soon", "notYetValid", 0UL),
            }));
        OfficerKey limited = whole.Single(static k => k.Interval.OfficerId == "soon");
        Assert.That((limited.PublicKey, limited.Interval.ValidFromMs, limited.Interval.ValidUntilMs),
            Is.EqualTo((ByteString.CopyFrom(soon.PublicKey.Span), nowMs + dayMs, nowMs + 2 * dayMs)));
        for (uint size = 1; size <= whole.Length + 2; size++)
            Assert.That(Pages(size), Is.EqualTo(whole), $"pages of {size}");
        Assert.That(Pages(1, "dept"), Is.Empty, "no department has another's officers");
    }

    [TestCase("r1:x")]
    [TestCase("k1:")]
    [TestCase("k1:00")]
    [TestCase("k1:zz0000000000000000000000000000000000000000000000000000000000000000")]
    [TestCase("k1:000000000000000000000000000000000000000000000000000000000000000000ff")]
    public async Task ListOfficers_AfterATokenThatIsNone_IsRefused(string token)
    {
        await _node.FoundAsync();
        LedgerRequestException refused = Assert.Throws<LedgerRequestException>(() => _node.Gateway.ListOfficers(new ListOfficersRequest
        {
            Department = "dept-0",
            PageSize = 1,
            PageToken = System.Buffers.Text.Base64Url.EncodeToString(System.Text.Encoding.ASCII.GetBytes(token)),
        }))!;
        Assert.That(refused.Message, Does.Contain("page before"));
    }

    [Test]
    public async Task WhatWaits_SaysWhenTheKeyThatSignedItWasRevokedOrReplaced()
    {
        await _node.FoundAsync();
        using PlatformSigner thief = PlatformSigner.Create(), another = PlatformSigner.Create(), spare = PlatformSigner.Create();
        await EnrolAsync("thief", thief, roles: [OfficerRole.Clerk, OfficerRole.Administrator]);
        await SubmitAsync(_ledger.Clerk, "L-1");
        await SubmitAsync(thief, "L-2");
        await _node.CommitAsync(_ledger.Sign(thief, b => b.Propose = new Propose
        {
            Change = new MembershipChange
            {
                Kind = (uint)MembershipKind.SetParameters,
                ExpiresAtMs = b.ExpiresAtMs + 100_000,
                Parameters = new Parameters { BlockTransactionsMax = 3 },
            },
        }));
        Assert.That(Submitters(), Is.EqualTo(new[] { ("clerk-1", 0UL), ("thief", 0UL) }));
        Assert.That(Proposal().KeyEnded, Is.Zero);

        ulong revoked = (await _node.CommitAsync(_ledger.Sign(_ledger.Administrator, b => b.RevokeOfficer = new RevokeOfficer { OfficerId = "thief" }))).Height;
        Assert.That(Submitters(), Is.EqualTo(new[] { ("clerk-1", 0UL), ("thief", revoked) }));
        Assert.That(Proposal().KeyEnded, Is.EqualTo(revoked));
        await EnrolAsync("thief", another);
        ulong replaced = (await _node.CommitAsync(_ledger.Sign(_ledger.Administrator, b => b.RotateOfficerKey = new RotateOfficerKey
        {
            OfficerId = "clerk-1",
            PublicKey = ByteString.CopyFrom(spare.PublicKey.Span),
        }))).Height;
        Assert.That(Submitters(), Is.EqualTo(new[] { ("clerk-1", replaced), ("thief", revoked) }), "whoever has the number now");
        await _node.CommitAsync(_ledger.Sign(_ledger.Administrator, b => b.WithdrawProposal = new WithdrawProposal { Proposal = Proposal().State.Proposal }));
        Assert.That(Proposal().KeyEnded, Is.Zero, "it waits for nobody any more");

        (string, ulong)[] Submitters() =>
        [
            .. _node.Gateway.ListSubmissions(new ListSubmissionsRequest { Type = TestLedger.Type, PageSize = 10 })
                .Submissions.Select(static s => (s.State.Proposed.OfficerId, s.KeyEnded)),
        ];

        Proposal Proposal() => _node.Gateway.ListProposals(new ListProposalsRequest { PageSize = 1 }).Proposals.Single();

        Task SubmitAsync(PlatformSigner signer, string id) => _node.CommitAsync(_ledger.Sign(signer, body => body.Register = new RecordChange
        {
            Record = new RecordName { Type = TestLedger.Type, Id = id },
            Payload = new Payload { Inline = new InlinePayload { MediaType = "text/plain" } },
            ApproveUntilMs = body.ExpiresAtMs,
        }));
    }

    private OfficerKey[] Pages(uint size, string department = "dept-0")
    {
        var keys = new List<OfficerKey>();
        var request = new ListOfficersRequest { Department = department, PageSize = size };
        do
        {
            ListOfficersResponse page = _node.Gateway.ListOfficers(request);
            Assert.That(page.Keys, Has.Count.LessThanOrEqualTo((int)size));
            keys.AddRange(page.Keys);
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
        return [.. keys];
    }

    private Task<TransactionOutcome> EnrolAsync(string id, PlatformSigner key, ulong fromMs = 0, ulong untilMs = 0, params OfficerRole[] roles) =>
        _node.CommitAsync(_ledger.Sign(_ledger.Administrator, b => b.EnrolOfficer = new EnrolOfficer
        {
            OfficerId = id,
            PublicKey = ByteString.CopyFrom(key.PublicKey.Span),
            Roles = { roles.DefaultIfEmpty(OfficerRole.Clerk).Select(static r => (uint)r) },
            ValidFromMs = fromMs,
            ValidUntilMs = untilMs,
        }));
}
