using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using NUnit.Framework;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Tests.Unit.Execution;

/// <summary>
/// Goal: who may read is as docs/SPEC.md, "Readers", says. Method: every set of roles in every department, for every type there can be, beside
/// a table of one line; and an officer's key through its life, block by block.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ReadRulesTest
{
    private static readonly OfficerRole[] AllRoles = Enum.GetValues<OfficerRole>();

    [Test]
    public void EverySetOfRoles_InEveryDepartment_ReadsWhereTheTableSaysSo(
        [Values] bool isPublic, [Values("", "beta", "alpha beta")] string approvers, [Values("", "gamma", "beta gamma")] string readers)
    {
        var type = new RecordTypeState { Type = "licence", Owner = "alpha", PublicRead = isPublic };
        type.Approvers.Add(approvers.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        type.Readers.Add(readers.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        string[] named = ["alpha", .. type.Approvers, .. type.Readers];
        Assert.That(ReadRules.DepartmentsOf(type), Is.EquivalentTo(named.Distinct()));
        foreach (string department in new[] { "alpha", "beta", "gamma", "delta" })
        {
            for (int set = 0; set < 1 << AllRoles.Length; set++)
            {
                OfficerRole[] roles = [.. AllRoles.Where((_, i) => (set >> i & 1) == 1)];
                var officer = new OfficerInterval { Department = department, OfficerId = "4711", Roles = { roles.Select(static r => (uint)r) } };
                bool expected = isPublic || (named.Contains(department) && roles.Any(static r => r != OfficerRole.Administrator));
                Rejection? rejection = ReadRules.Check(type, officer);
                Assert.That(rejection is null, Is.EqualTo(expected), $"{department} with {string.Join(' ', roles)}");
                if (rejection is not null)
                    Assert.That(rejection.Code, Is.EqualTo(RejectionCode.NotPermitted));
            }
        }
    }

    [Test]
    public void Key_ThroughItsLife_CountsFromTheBlockAfterItsEnrolmentToThatOfItsEnd()
    {
        var ledger = new TestLedger();
        TestKey first = new(601), second = new(602);
        Expect(first, null, RejectionCode.UnknownSigner);
        Expect(TestLedger.AlphaValidator, null, RejectionCode.UnknownSigner);

        ledger.Commit((TestLedger.AlphaAdmin, Actions.Enrol("4711", first, OfficerRole.Clerk)));
        Expect(first, "4711", null);

        ledger.Commit((TestLedger.AlphaAdmin, Actions.Rotate("4711", second)));
        Expect(first, "4711", RejectionCode.SignerRevoked);
        Expect(second, "4711", null);

        ledger.Commit((TestLedger.AlphaAdmin, Actions.Revoke("4711")));
        Expect(second, "4711", RejectionCode.SignerRevoked);

        void Expect(TestKey key, string? officer, RejectionCode? code)
        {
            OfficerInterval? found = ReadRules.Identify(ledger.State, key.Public, ledger.State.Tip.TimestampMs, out Rejection? rejection);
            Assert.That((found?.OfficerId, rejection?.Code), Is.EqualTo((officer, code)));
        }
    }

    [TestCase(-1, RejectionCode.SignerNotYetValid)]
    [TestCase(0, null)]
    [TestCase(59_999, null)]
    [TestCase(60_000, RejectionCode.SignerExpired)]
    public void Key_WithAFromAndAnUntil_CountsBetween(int afterMs, RejectionCode? expected)
    {
        var ledger = new TestLedger();
        var key = new TestKey(603);
        ulong fromMs = ledger.State.Tip.TimestampMs + 10_000_000;
        TransactionBody enrol = Actions.Enrol("4711", key, OfficerRole.Clerk);
        (enrol.EnrolOfficer.ValidFromMs, enrol.EnrolOfficer.ValidUntilMs) = (fromMs, fromMs + 60_000);
        ledger.Commit((TestLedger.AlphaAdmin, enrol));
        OfficerInterval? found = ReadRules.Identify(ledger.State, key.Public, fromMs + (ulong)afterMs, out Rejection? rejection);
        Assert.That((found?.OfficerId, rejection?.Code), Is.EqualTo(("4711", expected)));
    }

    [Test]
    public void Definition_NamesReaders_WhichTheNextOneTakesAway()
    {
        TestLedger ledger = TestLedger.Ready();
        ledger.Commit((TestLedger.AlphaAdmin, Actions.ReadBy(Actions.Define(expected: 1), "beta", "gamma")));
        Assert.That(ledger.Read<RecordTypeState>(StateKey.RecordType(Actions.Type))!.Readers, Is.EqualTo(new[] { "beta", "gamma" }));
        ledger.Commit((TestLedger.AlphaAdmin, Actions.Define(expected: 2)));
        Assert.That(ledger.Read<RecordTypeState>(StateKey.RecordType(Actions.Type))!.Readers, Is.Empty);
    }
}
