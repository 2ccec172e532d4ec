using System.Reflection;
using System.Runtime.ExceptionServices;
using GovChain.Rpc;

namespace GovChain.Tests.Unit.Records;

/// <summary>A node whose answers the test may change, hold back or make up.</summary>
internal class MeddledGateway : DispatchProxy
{
    private ILedgerGateway _node = null!;

    /// <summary>Gives the answer: member, arguments, and what the node answers when it is asked.</summary>
    public Func<string, object?[], Func<object?>, object?> Answer { get; set; } = static (_, _, node) => node();

    /// <summary>Put before a node; what it is told goes through the gateway, the test changes the second.</summary>
    public static (ILedgerGateway Gateway, MeddledGateway Meddled) Before(ILedgerGateway node)
    {
        ILedgerGateway gateway = Create<ILedgerGateway, MeddledGateway>();
        var meddled = (MeddledGateway)(object)gateway;
        meddled._node = node;
        return (gateway, meddled);
    }

    /// <inheritdoc/>
    protected override object? Invoke(MethodInfo? member, object?[]? arguments) => Answer(member!.Name, arguments ?? [], () =>
    {
        try
        {
            return member.Invoke(_node, arguments);
        }
        catch (TargetInvocationException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerException!);
            throw;
        }
    });
}
