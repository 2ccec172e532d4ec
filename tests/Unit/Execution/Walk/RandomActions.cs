using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Tests.Unit.Execution.Walk;

/// <summary>
/// Random transactions, for the most part such as somebody would send who knows the ledger, and in each respect now and then another:
/// any key that there is or was, any record, version, time and department.
/// </summary>
/// <param name="shadow">What there is.</param>
/// <param name="chainId">The ledger.</param>
/// <param name="accuses">Whether every third one is an accusation, half of these of one department.</param>
/// <param name="random">From a seed.</param>
internal sealed partial class RandomActions(RuleShadow shadow, Digest chainId, bool accuses, Random random)
{
    private static readonly PublicKey[] FreshKeys = [.. Enumerable.Range(2_000, 160).Select(static i => new TestKey(i).Public)];

    /// <summary>In the place of a key that is still to be drawn.</summary>
    private static readonly TestKey Nobody = new(1);

    private static readonly string[] Types = ["t0", "t1", "t2", "t3"];

    private static readonly string[] OfficerIds = ["admin", "o0", "o1", "o2", "o3", "o4"];

    private readonly List<byte[]> _sent = [];
    private int _freshKeys;
    private ulong _height, _timeMs;

    /// <summary>An envelope, its signatures as <see cref="FormVerifier"/> takes them, for a block of this height and time.</summary>
    public byte[] Next(ulong height, ulong timeMs)
    {
        (_height, _timeMs) = (height, timeMs);
        if (_sent.Count > 0 && Rarely(40))
            return _sent[random.Next(_sent.Count)];
        ulong expiresAtMs = Rarely(40) ? timeMs : Rarely(40) ? timeMs + shadow.Parameters.ExpiryHorizonMs + 1 : timeMs + 1 + (ulong)random.Next(60_000);
        (PublicKey? signer, TransactionBody action) = Draw(expiresAtMs);
        if (signer is null || Rarely(8))
            signer = AnyKey();
        byte[] envelope = Envelope.Unsigned(Envelope.Body(chainId, signer, action, expiresAtMs));
        _sent.Add(envelope);
        return envelope;
    }

    private (PublicKey? Signer, TransactionBody Action) Draw(ulong expiresAtMs) => random.Next(accuses ? 150 : 100) switch
    {
        < 30 => Change(expiresAtMs),
        < 47 => Decide(),
        < 52 => Define(),
        < 58 => Enrol(),
        < 61 => Revoke(),
        < 64 => Rotate(),
        < 68 => Delegate(expiresAtMs),
        < 77 => Propose(),
        < 92 => Vote(),
        < 94 => PostReadRoot(),
        < 96 => SuspendLeader(),
        < 98 => Approved(),
        _ => Accuse(),
    };

    private (PublicKey?, TransactionBody) Change(ulong expiresAtMs)
    {
        (string type, string id) = (Pick(Types), $"r{random.Next(6)}");
        RecordShadow? record = shadow.Records.GetValueOrDefault((type, id));
        ulong version = Version(record?.Version ?? 0);
        string owner = shadow.Types.GetValueOrDefault(type)?.Owner ?? AnyDepartment(), custodian = Rarely(15) ? owner : record?.Custodian ?? owner;
        ulong untilMs = expiresAtMs + (ulong)random.Next(600_000);
        string content = random.Next(3) > 0 ? "{\"a\":1}" : "{}";
        int action = Rarely(6) ? random.Next(6) : record?.Status switch
        {
            null => 0,
            RecordStatus.Annulled => random.Next(2) * 4,
            RecordStatus.Superseded => random.Next(6),
            _ => Pick([1, 1, 1, 2, 2, 3, 5, 5, 5]),
        };
        TransactionBody body = action switch
        {
            0 => Actions.Register(id, version, content, type),
            1 => Actions.Amend(id, Math.Max(1, version), content, type),
            2 => Actions.Annul(id, Math.Max(1, version), type),
            3 => Actions.Supersede(id, Math.Max(1, version), type, (Pick(Types), $"s{random.Next(6)}")),
            4 => Actions.Reinstate(id, Math.Max(1, version), type),
            _ => Actions.Transfer(id, Math.Max(1, version), AnyDepartment(), untilMs, type),
        };
        if (action == 3 && Rarely(2))
            (body.Supersede.Successors[0].Type, body.Supersede.Successors[0].Id) = (type, id == "r0" ? "r1" : "r0");
        if (action < 2 && Rarely(6))
            Actions.Linked(body, (Pick(Types), $"s{random.Next(6)}", (ulong)random.Next(3)));
        if (action != 5 && (shadow.Types.GetValueOrDefault(type)?.Definition.FourEyes ?? false ? !Rarely(10) : Rarely(5)))
            Actions.Submitted(body, Rarely(20) ? expiresAtMs + Limits.ApprovalHorizonMs : untilMs);
        return (Holder(custodian, OfficerRole.Clerk), body);
    }

    private (PublicKey?, TransactionBody) Decide()
    {
        var waiting = shadow.Submissions.Where(s => (s.Value.Status == SubmissionStatus.Waiting && s.Value.Change.ApproveUntilMs > _timeMs) || Rarely(20)).ToList();
        if (waiting.Count == 0)
            return (null, Actions.Approve("r0", 0, chainId, Pick(Types)));
        ((string type, string id), SubmissionShadow submission) = waiting[random.Next(waiting.Count)];
        string department = Pick([.. shadow.ApproversOf(submission, shadow.Types[type])]);
        PublicKey? signer = Rarely(8) ? shadow.Officers.GetValueOrDefault((submission.Department, submission.Officer)) : Holder(department, OfficerRole.Approver);
        TransactionBody body = random.Next(4) > 0
            ? Actions.Approve(id, Version(submission.Change.ExpectedVersion), submission.Id, type)
            : Actions.Refuse(id, submission.Id, type);
        var delegations = shadow.Delegations.Keys.Where(d => d.Department == department).ToList();
        if (delegations.Count > 0 && Rarely(3))
        {
            (_, string delegator, string officer) = delegations[random.Next(delegations.Count)];
            return (shadow.Officers.GetValueOrDefault((department, officer)), Actions.OnBehalfOf(body, delegator));
        }
        return (signer, Rarely(20) ? Actions.OnBehalfOf(body, Pick(OfficerIds)) : body);
    }

    private (PublicKey?, TransactionBody) Define()
    {
        string type = Pick(Types);
        TypeShadow? defined = shadow.Types.GetValueOrDefault(type);
        TransactionBody body = Actions.Define(type, Version(defined?.Version ?? 0));
        DefineType definition = body.DefineType;
        (definition.PublicRead, definition.FourEyes, definition.LinksInForce) = (random.Next(2) == 0, Rarely(3), Rarely(3));
        definition.Approvers.Add(Some(4));
        definition.Readers.Add(Some(2));
        definition.Schema = Rarely(6) ? """{"required":["a"]}""" : Rarely(20) ? "[]" : "";
        return (Holder(defined?.Owner ?? AnyDepartment(), OfficerRole.Administrator), body);
    }

    private (PublicKey?, TransactionBody) Enrol()
    {
        PublicKey? signer = Administrator(out _);
        var enrolment = new EnrolOfficer { OfficerId = Pick(OfficerIds), PublicKey = ByteString.CopyFrom(FreshKey().Span) };
        enrolment.Roles.Add(Enumerable.Range(1, 5).Where(_ => Rarely(2)).Select(static r => (uint)r).DefaultIfEmpty(1u));
        if (Rarely(6))
            enrolment.ValidFromMs = _timeMs + (ulong)random.Next(60_000);
        if (Rarely(6))
            enrolment.ValidUntilMs = Math.Max(enrolment.ValidFromMs, _timeMs) + 1 + (ulong)random.Next(300_000);
        return (signer, new TransactionBody { EnrolOfficer = enrolment });
    }

    private (PublicKey?, TransactionBody) Revoke()
    {
        PublicKey? signer = Administrator(out string department);
        return (signer, Actions.Revoke(OfficerOf(department)));
    }

    private (PublicKey?, TransactionBody) Rotate()
    {
        PublicKey? signer = Administrator(out string department);
        return (signer, new TransactionBody
        {
            RotateOfficerKey = new RotateOfficerKey { OfficerId = OfficerOf(department), PublicKey = ByteString.CopyFrom(FreshKey().Span), Reason = "new card" },
        });
    }

    private (PublicKey?, TransactionBody) Delegate(ulong expiresAtMs)
    {
        string department = AnyDepartment();
        if (shadow.Delegations.Count > 0 && Rarely(4))
        {
            (string owner, string delegator, string officer) = shadow.Delegations.Keys.ElementAt(random.Next(shadow.Delegations.Count));
            return (random.Next(2) == 0 ? shadow.Officers.GetValueOrDefault((owner, delegator)) : Holder(owner, OfficerRole.Administrator),
                Actions.RevokeDelegation(delegator, officer));
        }
        ulong untilMs = expiresAtMs + (Rarely(20) ? Limits.DelegationHorizonMs : (ulong)random.Next(600_000));
        return (Holder(department, OfficerRole.Approver), Actions.Delegate(OfficerOf(department), untilMs));
    }

    private ulong Version(ulong current) => !Rarely(10) ? current : random.Next(2) == 0 ? current + 1 : Math.Max(current, 1) - 1;

    private PublicKey? Administrator(out string department)
    {
        department = AnyDepartment();
        return Holder(department, OfficerRole.Administrator);
    }

    /// <summary>An officer's key with the role; null where the department has none.</summary>
    private PublicKey? Holder(string department, OfficerRole role)
    {
        PublicKey[] holders = [.. shadow.Officers.Where(o => o.Key.Department == department && shadow.Keys[o.Value].Has(role)).Select(static o => o.Value)];
        return holders.Length == 0 ? null : Pick(holders);
    }

    private string OfficerOf(string department)
    {
        string[] officers = [.. shadow.Officers.Keys.Where(o => o.Department == department).Select(static o => o.Officer)];
        return officers.Length == 0 || Rarely(10) ? Pick(OfficerIds) : Pick(officers);
    }

    /// <summary>A key that somebody has, or had, or nobody.</summary>
    private PublicKey AnyKey() => Rarely(20) ? FreshKeys[^1] : Pick<PublicKey>(random.Next(3) > 0 ? [.. shadow.Officers.Values] : [.. shadow.Keys.Keys]);

    /// <summary>The next key that nobody had, or one that somebody has or had.</summary>
    private PublicKey FreshKey() => _freshKeys == FreshKeys.Length - 1 || Rarely(10) ? AnyKey() : FreshKeys[_freshKeys++];

    private string AnyDepartment() => Rarely(30) ? "omega" : Pick([.. Rarely(10) ? shadow.Departments.Keys : shadow.Voters]);

    private string[] Some(int oneIn) => [.. shadow.Voters.Where(_ => Rarely(oneIn))];

    private T Pick<T>(T[] choices) => choices[random.Next(choices.Length)];

    private bool Rarely(int oneIn) => random.Next(oneIn) == 0;
}
