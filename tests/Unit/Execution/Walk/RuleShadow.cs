using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Tests.Unit.Execution.Walk;

/// <summary>A key's one life: whose it is, and when it signs.</summary>
internal sealed record KeyLife(string Department, string? Officer, uint[] Roles, ulong First, ulong From = 0, ulong Until = 0)
{
    /// <summary>The last block that it signs in; null while it is somebody's.</summary>
    public ulong? Last { get; set; }

    public bool Signs(ulong height, ulong timeMs) =>
        First <= height && height <= (Last ?? ulong.MaxValue) && timeMs >= From && (Until == 0 || timeMs < Until);

    public bool Has(OfficerRole role) => Roles.Contains((uint)role);
}

/// <summary>A type as it was defined last.</summary>
internal sealed record TypeShadow(string Owner, ulong Version, DefineType Definition);

/// <summary>A record as it stands.</summary>
internal sealed record RecordShadow(ulong Version, RecordStatus Status, string Custodian);

/// <summary>What was submitted for approval last.</summary>
internal sealed record SubmissionShadow(Digest Id, TransactionBody Body, string Department, string Officer, SubmissionStatus Status)
{
    public RecordChange Change => RecordActions.ChangeOf(Body)!;
}

/// <summary>Until when one may stand in for another, and the how manieth persons under their numbers these are.</summary>
internal sealed record DelegationShadow(ulong UntilMs, int Delegator, int Officer);

/// <summary>What a department proposed last.</summary>
internal sealed record ProposalShadow(Digest Id, MembershipChange Change, ProposalStatus Status, IReadOnlyDictionary<string, bool> Votes);

/// <summary>What the accepted transactions of a ledger have made, kept by a few lines for each action: what generators choose from, and
/// what invariants compare with.</summary>
internal sealed class RuleShadow
{
    public Dictionary<PublicKey, KeyLife> Keys { get; } = [];

    /// <summary>The block after which it was removed; null for those that vote.</summary>
    public SortedDictionary<string, ulong?> Departments { get; } = new(StringComparer.Ordinal);

    public Dictionary<(string Department, string Officer), PublicKey> Officers { get; } = [];

    public Dictionary<string, TypeShadow> Types { get; } = [];

    public Dictionary<(string Type, string Id), RecordShadow> Records { get; } = [];

    public Dictionary<(string Type, string Id), SubmissionShadow> Submissions { get; } = [];

    public Dictionary<(string Department, string Delegator, string Officer), DelegationShadow> Delegations { get; } = [];

    /// <summary>How many persons had a staff number, of those enrolled by a protocol version that tells them apart.</summary>
    public Dictionary<(string Department, string Officer), int> Persons { get; } = [];

    public Dictionary<string, ProposalShadow> Proposals { get; } = [];

    /// <summary>The last entry that a department's newest root covers, and the time of its block.</summary>
    public Dictionary<string, (ulong Roots, ulong LastEntry, ulong TimeMs)> ReadRoots { get; } = [];

    /// <summary>The block after which its officers sign nothing, of each department that is suspended.</summary>
    public Dictionary<string, ulong> Suspended { get; } = [];

    public LeaderShadow Leaders { get; } = new();

    /// <summary>What was proven of a department, in order.</summary>
    public Dictionary<string, List<(OffenceShadow Offence, ulong Position)>> Offences { get; } = [];

    public ProtocolState Protocol { get; }

    public Parameters Parameters { get; }

    public ulong Epoch { get; set; }

    public IEnumerable<string> Voters => Departments.Where(static d => d.Value is null).Select(static d => d.Key);

    public int Quorum => QuorumOf(Voters.Count());

    public RuleShadow(GenesisBody genesis)
    {
        (Protocol, Parameters) = (new ProtocolState { Version = genesis.ProtocolVersion }, genesis.Parameters.Clone());
        foreach (GenesisDepartment department in genesis.Departments)
        {
            Found(department.Id, department.ValidatorKey.Span, first: 0);
            foreach (GenesisOfficer administrator in department.Administrators)
                Give(department.Id, administrator.OfficerId, KeyOf(administrator.PublicKey.Span), [(uint)OfficerRole.Administrator], first: 0);
        }
    }

    /// <summary>Q = ceil((n + f + 1) / 2) with f = floor((n - 1) / 3).</summary>
    public static int QuorumOf(int n) => (n + (n - 1) / 3 + 2) / 2;

    public static PublicKey KeyOf(ReadOnlySpan<byte> bytes) =>
        PublicKey.TryParse(bytes, out PublicKey? key) ? key : throw new InvalidOperationException("A key that is none was accepted.");

    public int AdministratorsOf(string department) =>
        Officers.Count(o => o.Key.Department == department && Keys[o.Value].Has(OfficerRole.Administrator));

    /// <summary>The key that a department's node signs with now; null for those that do not vote.</summary>
    public PublicKey? ValidatorOf(string department) =>
        Keys.FirstOrDefault(k => k.Value.Department == department && k.Value is { Officer: null, Last: null }).Key;

    /// <summary>Whose approvers decide on what was submitted.</summary>
    public IReadOnlyList<string> ApproversOf(SubmissionShadow submission, TypeShadow type)
    {
        RecordChange change = submission.Change;
        if (change.Receiver.Length > 0)
            return [change.Receiver];
        return type.Definition.Approvers.Count > 0
            ? type.Definition.Approvers
            : [Records.GetValueOrDefault((change.Record.Type, change.Record.Id))?.Custodian ?? type.Owner];
    }

    public void Found(string department, ReadOnlySpan<byte> validatorKey, ulong first)
    {
        Departments.Add(department, null);
        Keys.Add(KeyOf(validatorKey), new KeyLife(department, null, [], first));
    }

    /// <summary>An officer's key, from a block on.</summary>
    public void Give(string department, string officer, PublicKey key, uint[] roles, ulong first, ulong from = 0, ulong until = 0)
    {
        Keys.Add(key, new KeyLife(department, officer, roles, first, from, until));
        Officers[(department, officer)] = key;
    }

    /// <summary>The officer signs for the last time in this block.</summary>
    public KeyLife Take(string department, string officer, ulong height)
    {
        Officers.Remove((department, officer), out PublicKey? key);
        Keys[key!].Last = height;
        return Keys[key!];
    }
}
