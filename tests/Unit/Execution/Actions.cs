using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Tests.Unit.Execution;

/// <summary>Valid actions, each a body that has nothing else.</summary>
internal static class Actions
{
    public const string Type = "licence";

    public static TransactionBody Register(string id, ulong expected = 0, string content = "{}", string type = Type) =>
        new() { Register = Change(type, id, expected, content, "") };

    public static TransactionBody Amend(string id, ulong expected, string content = "{\"a\":1}", string type = Type) =>
        new() { Amend = Change(type, id, expected, content, "typing error") };

    public static TransactionBody Annul(string id, ulong expected, string type = Type) =>
        new() { Annul = Change(type, id, expected, null, "withdrawn") };

    public static TransactionBody Reinstate(string id, ulong expected, string type = Type) =>
        new() { Reinstate = Change(type, id, expected, null, "judgment") };

    public static TransactionBody Supersede(string id, ulong expected, params (string Type, string Id)[] successors) =>
        Supersede(id, expected, Type, successors);

    public static TransactionBody Supersede(string id, ulong expected, string type, params (string Type, string Id)[] successors)
    {
        RecordChange change = Change(type, id, expected, null, "divided");
        change.Successors.AddRange(successors.Select(s => new RecordName { Type = s.Type, Id = s.Id }));
        return new TransactionBody { Supersede = change };
    }

    /// <summary>The action with links; a version of 0 means the record.</summary>
    public static TransactionBody Linked(TransactionBody action, params (string Type, string Id, ulong Version)[] links)
    {
        RecordActions.ChangeOf(action)!.Links.AddRange(links.Select(l => new RecordLink
        {
            Record = new RecordName { Type = l.Type, Id = l.Id },
            Version = l.Version,
        }));
        return action;
    }

    /// <summary>The action, submitted for approval.</summary>
    public static TransactionBody Submitted(TransactionBody action, ulong approveUntilMs)
    {
        RecordActions.ChangeOf(action)!.ApproveUntilMs = approveUntilMs;
        return action;
    }

    /// <summary>Offers custody to a department, until a time.</summary>
    public static TransactionBody Transfer(string id, ulong expected, string receiver, ulong untilMs, string type = Type)
    {
        RecordChange change = Change(type, id, expected, null, "departments merged");
        (change.Receiver, change.ApproveUntilMs) = (receiver, untilMs);
        return new TransactionBody { Transfer = change };
    }

    public static TransactionBody Approve(string id, ulong expected, Digest submission, string type = Type) => new()
    {
        Approve = new ApproveSubmission
        {
            Record = new RecordName { Type = type, Id = id },
            ExpectedVersion = expected,
            Submission = ByteString.CopyFrom(submission.Span),
        },
    };

    public static TransactionBody Refuse(string id, Digest submission, string type = Type) => new()
    {
        Refuse = new RefuseSubmission
        {
            Record = new RecordName { Type = type, Id = id },
            Submission = ByteString.CopyFrom(submission.Span),
            Reason = "incomplete",
        },
    };

    public static TransactionBody Delegate(string officer, ulong untilMs) =>
        new() { DelegateApproval = new DelegateApproval { OfficerId = officer, UntilMs = untilMs, Reason = "on leave" } };

    public static TransactionBody RevokeDelegation(string delegator, string officer) =>
        new() { RevokeDelegation = new RevokeDelegation { Delegator = delegator, OfficerId = officer, Reason = "back" } };

    /// <summary>An approval or a refusal on behalf of an officer.</summary>
    public static TransactionBody OnBehalfOf(TransactionBody action, string delegator)
    {
        if (action.Approve is not null)
            action.Approve.OnBehalfOf = delegator;
        else
            action.Refuse.OnBehalfOf = delegator;
        return action;
    }

    /// <summary>A definition under which records change with an approval only, of these departments' approvers.</summary>
    public static TransactionBody FourEyes(ulong expected, params string[] approvers)
    {
        TransactionBody action = Define(expected: expected);
        action.DefineType.FourEyes = true;
        action.DefineType.Approvers.AddRange(approvers);
        return action;
    }

    /// <summary>A definition that lets officers of these departments read.</summary>
    public static TransactionBody ReadBy(TransactionBody define, params string[] readers)
    {
        define.DefineType.PublicRead = false;
        define.DefineType.Readers.AddRange(readers);
        return define;
    }

    public static TransactionBody Define(string type = Type, ulong expected = 0) => new()
    {
        DefineType = new DefineType
        {
            Type = type,
            ExpectedVersion = expected,
            Titles = { new LocalizedText { Language = "en", Text = "Licence" } },
            PublicRead = true,
        },
    };

    public static TransactionBody Enrol(string id, TestKey key, params OfficerRole[] roles) => new()
    {
        EnrolOfficer = new EnrolOfficer
        {
            OfficerId = id,
            PublicKey = ByteString.CopyFrom(key.Public.Span),
            Roles = { roles.Select(role => (uint)role) },
        },
    };

    public static TransactionBody Revoke(string id) =>
        new() { RevokeOfficer = new RevokeOfficer { OfficerId = id, Reason = "left" } };

    public static TransactionBody Rotate(string id, TestKey key) => new()
    {
        RotateOfficerKey = new RotateOfficerKey { OfficerId = id, PublicKey = ByteString.CopyFrom(key.Public.Span), Reason = "new card" },
    };

    /// <summary>Evidence that a key signed two Commits at a height.</summary>
    public static TransactionBody Accuse(Digest chainId, TestKey accused, ulong height, VoteType type = VoteType.Commit)
    {
        SignedVote Sign(byte block)
        {
            var vote = new Vote(type, chainId, 0, height, 0, Sha256.Hash([block]));
            return new SignedVote(type, 0, height, 0, vote.BlockHash, -1, accused.Sign(vote.SigningDigest()));
        }
        return new TransactionBody
        {
            Accuse = new Accuse { Evidence = ByteString.CopyFrom(Evidence.Of(chainId, accused.Public, Sign(1), Sign(2))!.ToBytes()) },
        };
    }

    /// <summary>View changes of these keys, properly signed, against the leader of a view.</summary>
    public static TransactionBody Suspend(
        Digest chainId, ulong height, uint view, IEnumerable<TestKey> keys, uint prepared = 0, ulong epoch = 0)
    {
        Digest hash = prepared == 0 ? Digest.Zero : Sha256.Hash("prepared"u8);
        Digest digest = new Vote(VoteType.ViewChange, chainId, epoch, height, view + 1, hash, prepared - 1L).SigningDigest();
        return new TransactionBody
        {
            SuspendLeader = new SuspendLeader
            {
                Epoch = epoch,
                Height = height,
                View = view,
                ViewChanges =
                {
                    keys.Select(key => new SignedViewChange
                    {
                        Signer = ByteString.CopyFrom(key.Public.Span),
                        Prepared = prepared,
                        PreparedHash = prepared == 0 ? ByteString.Empty : ByteString.CopyFrom(hash.Span),
                        Signature = ByteString.CopyFrom(key.Sign(digest).Span),
                    }),
                },
            },
        };
    }

    /// <summary>A root of the signer's department's read log, with a hash of its own.</summary>
    public static TransactionBody PostReadRoot(ulong number, ulong first, ulong last) => new()
    {
        PostReadRoot = new PostReadRoot
        {
            Number = number,
            FirstEntry = first,
            LastEntry = last,
            Head = ByteString.CopyFrom(Sha256.Hash([(byte)number, (byte)last]).Span),
        },
    };

    private static RecordChange Change(string type, string id, ulong expected, string? content, string reason) => new()
    {
        Record = new RecordName { Type = type, Id = id },
        ExpectedVersion = expected,
        Payload = content is null ? null : new Payload
        {
            Inline = new InlinePayload
            {
                MediaType = "application/json",
                Content = ByteString.CopyFromUtf8(content),
            },
        },
        Reason = reason,
    };
}
