{{ config(meta = {'refresh': 'rows'}) }}

-- Law: opening plus what came, less what went, is closing, in every period of every tuple.
-- A total over any dimension then closes too: the metrics add rows of this table and no others.
select *
from {{ ref('mrr_periods') }}
where
    opening_mrr + new_mrr + reactivation_mrr + expansion_mrr - contraction_mrr - churn_mrr
    + discount_mrr + transfer_mrr + fx_mrr
    <> closing_mrr
